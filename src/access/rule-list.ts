/**
 * Joins the pieces of selectors that spaces cut apart: `(+get`, `~a*)` become `(+get ~a*)`.
 * @returns the rules, or the piece that opens a parenthesis which nothing closes.
 */
export function joinSelectors(pieces: readonly string[]): { rules: string[] } | { unclosed: string } {
  const rules: string[] = [];
  let open: { first: string; text: string } | null = null;
  for (const piece of pieces) {
    if (open === null) {
      if (piece.startsWith('(') && !piece.endsWith(')')) open = { first: piece, text: piece };
      else rules.push(piece);
      continue;
    }
    open.text += ` ${piece}`;
    if (!piece.endsWith(')')) continue;
    rules.push(open.text);
    open = null;
  }
  return open === null ? { rules } : { unclosed: open.first };
}
