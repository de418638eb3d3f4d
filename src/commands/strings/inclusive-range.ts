/**
 * The half-open range that first and last position, both inclusive and negative from the end, mean in something of that length;
 * null where it is empty.
 */
export function inclusiveRange(
  first: number,
  last: number,
  length: number,
): { readonly from: number; readonly to: number } | null {
  // Before the fold: two positions in front of the string would both become 0.
  if (first < 0 && last < 0 && first > last) return null;
  const from = Math.max(0, first < 0 ? first + length : first);
  const to = Math.min(length, Math.max(0, last < 0 ? last + length : last) + 1);
  return from < to ? { from, to } : null;
}
