// The address of this very script, where it came from a file of its own; in a bundle it is the application's.

export let own: string | undefined;

/** To be called while the script runs for the first time: only then the browser says which one it is. */
export function lookForOwn(): void {
  own = (document.currentScript as HTMLScriptElement | null)?.src;
}
