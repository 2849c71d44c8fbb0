// The address of this very script, where it came from a file.

export const own = (globalThis.document?.currentScript as HTMLScriptElement | null)?.src;
