/** Printable, without spaces: what Redis takes for client names and library attributes. */
export function isPlainName(text: string): boolean {
  return /^[!-~]*$/.test(text);
}
