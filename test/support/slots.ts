import calculateSlot from 'cluster-key-slot';

/** How `startCluster` deals out the slots: node 0 has 0-5460, node 1 5461-10922, node 2 the rest. */
const FIRST_SLOTS = [0, 5461, 10_923];

/** Which node of a cluster in thirds has the key. */
export function nodeOf(key: string | Buffer): number {
  const slot = calculateSlot(key);
  return FIRST_SLOTS.findLastIndex((first) => first <= slot);
}

/** A hash tag, without braces, that starts with `name` and whose slot the node of that index has. */
export function tagOn(node: number, name = 't'): string {
  for (let i = 0; ; i++) if (nodeOf(`${name}${i}`) === node) return `${name}${i}`;
}
