// Pages of a list: so many items, and not more than one answer can carry. No I/O, no clock.

/** The first items of what was asked for, and whether more follow. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly more: boolean;
}

/** Octets of the items of a page; a call to an object carries 32 MiB. */
const OCTETS_AT_MOST = 4 * 1024 * 1024;

/**
 * Takes a page from items that come one by one, and no more of them than it needs to know whether more follow.
 * @param octetsOf about how large an item is; the first is taken whatever it is
 */
export function takePage<Item>(
  found: Iterable<Item>,
  limit: number,
  octetsOf: (item: Item) => number = () => 0,
): Page<Item> {
  const items: Item[] = [];
  let octets = 0;
  for (const item of found) {
    octets += octetsOf(item);
    if (items.length === limit || (items.length > 0 && octets > OCTETS_AT_MOST)) return { items, more: true };
    items.push(item);
  }
  return { items, more: false };
}
