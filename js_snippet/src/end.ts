// Hands over what there is when the page is hidden or ends.
import { adapt } from "./consent";
import { flush, leave } from "./delivery";
import { listen } from "./guard";
import { finish } from "./tracker";

export function watchEnd(): void {
  listen("pagehide visibilitychange", ({ type }) => {
    adapt(); // Another tab may have had the answer.
    finish();
    // A phone may let a page notice no more than that it is hidden; but it may live on, so it waits for the answer.
    if (type === "pagehide") leave();
    else flush();
  });
}
