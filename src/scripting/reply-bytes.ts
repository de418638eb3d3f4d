import type { ScriptReply } from '../backends/script.ts';
import { errors } from '../errors.ts';
import { ServerError } from '../protocol/reply.ts';
import { parseReply, type ReplyNode } from '../upstream/reply-tree.ts';

/**
 * The reply of a Redis, in RESP2 or RESP3, as TorchScript sees it: that of RESP2.
 * @throws ServerError where it is an error.
 */
export function replyBytesToTorch(bytes: Buffer): ScriptReply {
  const reply = parseReply(bytes);
  if (reply.type !== '-' && reply.type !== '!') return toTorch(reply);
  const text = reply.bytes ?? Buffer.from(reply.head, 'latin1');
  // Where the keys are instead is for clients to know.
  if (/^(MOVED|ASK) /.test(text.toString('latin1'))) throw errors.scriptForeignKey();
  throw new ServerError(text.toString());
}

function toTorch({ type, head, bytes, items }: ReplyNode): ScriptReply {
  if (items !== null) return items.map(toTorch);
  // The first four bytes of a verbatim text say what kind it is.
  if (bytes !== null) return bytes.toString('latin1', type === '=' ? 4 : 0);
  switch (type) {
    case ':':
      return Number(head);
    case '#':
      return head === 't' ? 1 : 0;
    case '_':
    case '$':
    case '*':
      return null;
    default:
      // Simple strings, doubles, big numbers, and errors within a list.
      return head;
  }
}
