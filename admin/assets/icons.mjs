// The icons that templates use, by their names in Tabler Icons.
export const icons = [
  "activity", "alert-triangle", "arrow-down", "arrow-left", "arrow-right", "arrow-up",
  "bolt", "building", "check", "chevron-right", "circle-check", "clock", "code", "compass", "copy",
  "device-desktop", "device-mobile", "device-tablet", "device-tv", "robot",
  "download", "eye", "file-text", "filter", "git-merge", "grip-vertical", "history", "inbox", "key", "link-off", "list-details", "lock",
  "logout", "menu-2", "message", "moon", "player-pause", "player-play", "plug", "plus", "route", "search",
  "send", "server", "settings", "table", "target", "trash", "user", "user-circle", "users", "world", "x",
];
