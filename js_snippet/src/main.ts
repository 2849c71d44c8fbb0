// Starts the snippet: finds its own script element, opens the delivery, and begins to watch.
import { isLoaded, publish } from "./api";
import { choose } from "./auto";
import { watchClicks } from "./clicks";
import { flush, leave, openDelivery } from "./delivery";
import { endStretch, watchEngagement } from "./engagement";
import { watchForms } from "./forms";
import { guard, listen } from "./guard";
import { goCookieless, isOut, renew } from "./identity";
import { watchPages } from "./pages";
import { settle } from "./tracker";

// A tag manager may run the code without a script element of its own: then the one with the key is meant.
const script = (document.currentScript ?? document.querySelector("script[data-key]")) as HTMLScriptElement | null;

function start(): void {
  if (isLoaded()) return;
  const { src = "", dataset: { key, pages, cookieless, auto } = {} as DOMStringMap } = script ?? {};
  if (!key) throw Error("data-key is missing");
  if (cookieless !== undefined) goCookieless();
  openDelivery(new URL("/v1/batch", src).href, key);
  if (isOut()) renew();
  watchPages(pages !== "manual");
  choose(auto);
  watchEngagement();
  watchClicks();
  watchForms();
  watchEnd();
  publish();
}

function watchEnd(): void {
  listen("pagehide", () => {
    endStretch();
    settle();
    leave();
  });
  // A phone may let a page notice no more than this; but it may live on, so it waits for the answer.
  listen("visibilitychange", () => {
    endStretch();
    settle();
    flush();
  });
}

// A prerendered page is not a visit until it is shown.
if (document.prerendering) listen("prerenderingchange", start);
else guard(start)();
