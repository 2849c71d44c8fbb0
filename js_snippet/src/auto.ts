// Knows which of the automatic measurements a site wants: all, or those that `data-auto` lists.

let list: string | undefined;

export function choose(wanted: string | undefined): void {
  list = wanted;
}

export function isWanted(what: string): boolean {
  return list?.includes(what) ?? true;
}
