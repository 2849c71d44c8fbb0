// Starts the snippet with its options: the public calls first, so that nothing a watcher meets can take them away.
import { isLoaded, publish, replay } from "./api";
import { adapt } from "./consent";
import { openDelivery } from "./delivery";
import { guard, listen } from "./guard";
import { addressOf, choose, type Options, options } from "./options";

/** Begins to watch, unless it runs already. A prerendered page is not a visit until it is shown. */
export function start(watchers: (() => void)[], given: Options, src?: string): void {
  const begin = () => {
    if (isLoaded()) return;
    choose(given, src);
    if (!options.key) throw Error("data-key is missing");
    openDelivery(addressOf("v1/batch"), options.key);
    publish();
    adapt();
    for (const watch of watchers) guard(watch)();
    replay();
  };
  if (document.prerendering) listen("prerenderingchange", begin);
  else guard(begin)();
}
