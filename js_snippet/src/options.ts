// What the page chose: the data-* attributes of the script element, or what the package was given.

export interface Options {
  /** The project's write key. */
  key?: string | undefined;
  /** Address of the collector, a path prefix included, without a slash at the end. */
  host?: string | undefined;
  /** "manual": page views only by the site's own calls. */
  pages?: string | undefined;
  /** Present: another fragment is another page. */
  hash?: string | undefined;
  /** Present: nothing is stored in the browser. */
  cookieless?: string | undefined;
  /** Present: nothing is stored or sent before the visitor has answered. */
  consent?: string | undefined;
  /** Signals of the browser that count as a refusal: "gpc", "dnt" or both. */
  respect?: string | undefined;
  [more: string]: string | undefined;
}

export let options: Options = {};

export function choose(given: Options): void {
  options = given;
}

/** Where the collector answers, for a path such as v1/batch. */
export function addressOf(path: string): string {
  return `${options.host}/${path}`;
}
