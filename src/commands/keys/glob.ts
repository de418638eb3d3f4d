/**
 * Redis's glob patterns on keys of one character a byte: `*`, `?`, `[a-z]`, `[^a]`, backslash. Iterative with one point of return,
 * so a pattern of many stars costs at most pattern times key and cannot be used to stall the node.
 */
export function globMatcher(pattern: string): (text: string) => boolean {
  if (pattern === '*') return () => true;
  return (text) => {
    let p = 0;
    let t = 0;
    let starPattern = -1;
    let starText = 0;
    while (t < text.length) {
      const next = pattern[p] === '*' ? -1 : matchOne(pattern, p, text[t] as string);
      if (pattern[p] === '*') {
        starPattern = ++p;
        starText = t;
      } else if (next >= 0) {
        p = next;
        t++;
      } else if (starPattern >= 0) {
        p = starPattern;
        t = ++starText;
      } else return false;
    }
    while (pattern[p] === '*') p++;
    return p === pattern.length;
  };
}

/** Where the pattern goes on when its element at `p` takes `char`, or -1. */
function matchOne(pattern: string, p: number, char: string): number {
  const c = pattern[p];
  if (c === undefined) return -1;
  if (c === '?') return p + 1;
  if (c === '\\' && p + 1 < pattern.length) return pattern[p + 1] === char ? p + 2 : -1;
  if (c === '[') return matchClass(pattern, p + 1, char);
  return c === char ? p + 1 : -1;
}

function matchClass(pattern: string, start: number, char: string): number {
  let p = start;
  const negated = pattern[p] === '^';
  if (negated) p++;
  let found = false;
  for (; p < pattern.length && pattern[p] !== ']'; p++) {
    const escaped = pattern[p] === '\\' && p + 1 < pattern.length;
    if (escaped) p++;
    const low = pattern[p] as string;
    // An escaped character starts no range.
    if (!escaped && pattern[p + 1] === '-' && p + 2 < pattern.length) {
      const high = pattern[p + 2] as string;
      if (low <= high ? char >= low && char <= high : char >= high && char <= low) found = true;
      p += 2;
    } else if (low === char) found = true;
  }
  return found !== negated ? Math.min(p + 1, pattern.length) : -1;
}
