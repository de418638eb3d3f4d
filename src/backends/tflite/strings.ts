/**
 * TFLite's layout of a tensor of strings: the number of strings, where each begins and the last one ends, counted in bytes from the
 * beginning of the tensor, all as int32, and then the strings without any end marks.
 */

/** The strings in that layout. */
export function packStrings(strings: readonly Uint8Array[]): Uint8Array {
  const header = 4 * (strings.length + 2);
  const out = new Uint8Array(strings.reduce((sum, text) => sum + text.length, header));
  const view = new DataView(out.buffer);
  view.setInt32(0, strings.length, true);
  let at = header;
  for (const [i, text] of strings.entries()) {
    view.setInt32(4 * (i + 1), at, true);
    out.set(text, at);
    at += text.length;
  }
  view.setInt32(4 * (strings.length + 1), at, true);
  return out;
}

/** The strings of that layout, each with a NUL behind it, which is how tensors here have them. NULs inside of one are left out. */
export function unpackStrings(packed: Uint8Array): Uint8Array {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  const count = view.getInt32(0, true);
  const out = new Uint8Array(packed.length + count);
  let length = 0;
  for (let i = 0; i < count; i++) {
    const text = packed.subarray(view.getInt32(4 * (i + 1), true), view.getInt32(4 * (i + 2), true));
    const plain = text.includes(0) ? text.filter((byte) => byte !== 0) : text;
    out.set(plain, length);
    length += plain.length + 1;
  }
  return out.subarray(0, length);
}
