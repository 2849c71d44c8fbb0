// The icons that templates use, by their names in Tabler Icons.
export const icons = [
  "activity", "alert-triangle", "arrow-down", "arrow-left", "arrow-right", "arrow-up", "arrows-exchange",
  "bolt", "building", "check", "chevron-down", "chevron-right", "circle-check", "click", "clock", "code", "compass", "copy",
  "device-desktop", "device-mobile", "device-tablet", "device-tv", "robot",
  "download", "eye", "file-text", "filter", "git-merge", "grip-vertical", "headset", "history", "inbox", "key", "link-off", "list-details", "lock",
  "logout", "mail", "menu-2", "message", "moon", "phone", "player-pause", "player-play", "plug", "plus", "receipt", "route", "search",
  "send", "server", "settings", "stack-2", "sun", "table", "target", "trash", "user", "user-circle", "users", "world", "x",
];
