// Asks the browser for the client hints that requests do not carry: exact versions, model, architecture.
import { addContext } from "../context";
import { asked } from "./asked";

const HINTS = ["architecture", "bitness", "formFactors", "fullVersionList", "model", "platformVersion"];

interface UserAgentData {
  getHighEntropyValues(hints: string[]): Promise<object>;
}

/** They come a moment later; the first page view waits longer than that. */
export function addHints(): void {
  if (!asked("hints")) return;
  const { userAgentData } = navigator as { userAgentData?: UserAgentData };
  userAgentData?.getHighEntropyValues(HINTS).then(
    (userAgentData) => addContext({ userAgentData }),
    () => undefined, // A policy of the page may forbid it.
  );
}
