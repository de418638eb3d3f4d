/** A reply, decoded as far as is needed to change something in it. */
export interface ReplyNode {
  /** The first byte of its first line, as a character. */
  readonly type: string;
  /** What stands behind it in that line: a number, a text, the count of what follows. */
  head: string;
  /** Of a bulk string that is not null. */
  bytes: Buffer | null;
  /** Of a list that is not null. */
  readonly items: ReplyNode[] | null;
}

const LF = 10;
const BULKS = '$=!';
const LISTS = '*~>%';

/** @param reply a whole one. */
export function parseReply(reply: Buffer): ReplyNode {
  let at = 0;
  const next = (): ReplyNode => {
    const end = reply.indexOf(LF, at);
    const type = String.fromCharCode(reply[at] as number);
    const head = reply.toString('latin1', at + 1, end - 1);
    at = end + 1;
    const length = Number(head);
    if (BULKS.includes(type) && length >= 0) {
      const bytes = reply.subarray(at, at + length);
      at += length + 2;
      return { type, head, bytes, items: null };
    }
    if (!LISTS.includes(type) || !(length >= 0)) return { type, head, bytes: null, items: null };
    const count = type === '%' ? 2 * length : length;
    return { type, head, bytes: null, items: Array.from({ length: count }, next) };
  };
  return next();
}

export function formatReply(node: ReplyNode): Buffer {
  const parts: Uint8Array[] = [];
  const add = ({ type, head, bytes, items }: ReplyNode): void => {
    parts.push(Buffer.from(`${type}${bytes === null ? head : bytes.length}\r\n`, 'latin1'));
    if (bytes !== null) parts.push(bytes, Buffer.from('\r\n'));
    for (const item of items ?? []) add(item);
  };
  add(node);
  return Buffer.concat(parts);
}

/** The text of a bulk string, a simple one or a number; undefined of others. */
export function textOf(node: ReplyNode | undefined): string | undefined {
  if (node === undefined || node.items !== null) return undefined;
  if (node.bytes !== null) return node.bytes.toString('latin1');
  return BULKS.includes(node.type) ? undefined : node.head;
}

/** Puts another text in its place, of the same type. */
export function setText(node: ReplyNode, text: string): void {
  if (node.bytes === null) node.head = text;
  else node.bytes = Buffer.from(text, 'latin1');
}
