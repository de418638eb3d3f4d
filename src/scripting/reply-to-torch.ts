import type { ScriptReply } from '../backends/script.ts';
import { formatDouble } from '../protocol/float.ts';
import { asLatin1, latin1 } from '../protocol/latin1.ts';
import {
  BigNumber,
  BulkParts,
  ByteString,
  Double,
  MapReply,
  Replies,
  type Reply,
  ServerError,
  SetReply,
  SimpleString,
  Verbatim,
} from '../protocol/reply.ts';

/** A reply as TorchScript sees it: that of RESP2, texts with one character a byte. */
export function replyToTorch(reply: Reply): ScriptReply {
  switch (typeof reply) {
    case 'number':
      return reply;
    case 'bigint':
    case 'boolean':
      return Number(reply);
    case 'string':
      return asLatin1(reply);
  }
  if (reply === null) return null;
  if (reply instanceof Uint8Array) return latin1(reply);
  if (reply instanceof SimpleString || reply instanceof Verbatim) return asLatin1(reply.text);
  if (reply instanceof ByteString) return reply.text;
  if (Array.isArray(reply)) return reply.map(replyToTorch);
  if (reply instanceof MapReply) return reply.entries.flat().map(replyToTorch);
  if (reply instanceof SetReply || reply instanceof Replies) return reply.items.map(replyToTorch);
  if (reply instanceof BulkParts) return latin1(Buffer.concat(reply.parts));
  if (reply instanceof Double) return formatDouble(reply.value);
  if (reply instanceof BigNumber) return reply.digits;
  if (reply instanceof ServerError) return asLatin1(reply.message);
  return null;
}
