// The address of this very script, where it came from a file.

export const own = (document.currentScript as HTMLScriptElement | null)?.src;
