// Starts the snippet with its options: the public calls first, so that nothing a watcher meets can take them away.
import { publish, replay } from "./api";
import { adapt } from "./consent";
import { openDelivery } from "./delivery";
import { guard, listen } from "./guard";
import { choose, type Options } from "./options";

/**
 * Begins to watch, unless it runs already. A prerendered page is not a visit until it is shown. Not within the whole script:
 * where a cookie is asked for, Chromium reads all functions under way once more.
 */
export function start(watchers: (() => void)[], given: Options): void {
  const begin = () => {
    const api = (window.waywiser ??= {});
    if (api.version) return;
    choose(given);
    openDelivery();
    publish(api);
    adapt();
    watchers.forEach((watch) => guard(watch)());
    replay(api);
  };
  if (document.prerendering) listen("prerenderingchange", begin);
  else queueMicrotask(guard(begin));
}
