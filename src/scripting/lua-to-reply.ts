import { errors } from '../errors.ts';
import { latin1 } from '../protocol/latin1.ts';
import {
  BigNumber,
  Double,
  MapReply,
  type Reply,
  ServerError,
  SetReply,
  SimpleString,
  Verbatim,
} from '../protocol/reply.ts';
import type { LuaTable } from './lua/fengari.ts';
import { entriesOf, getEntry, isTable, type LuaValue } from './lua/values.ts';

/** Deeper tables are answered with an error, as by Redis whose Lua stack ends about there. */
const MAX_DEPTH = 1000;
const LONG_MIN = -(2n ** 63n);

const utf8 = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();

/** What a script returned as a reply. @param protocol the script's own: it decides what booleans are. */
export function luaToReply(value: LuaValue, protocol: 2 | 3, depth = 0): Reply {
  if (value instanceof Uint8Array) return value;
  if (typeof value === 'number') return toInteger(value);
  if (typeof value === 'boolean') return protocol === 3 ? value : value ? 1 : null;
  if (value === undefined || !isTable(value)) return null;
  if (depth > MAX_DEPTH) return errors.scriptDepth();
  return tableToReply(value, (inner) => luaToReply(inner, protocol, depth + 1));
}

/** The fraction is cut off; what is out of range becomes the smallest, as in a C cast. */
function toInteger(value: number): Reply {
  if (!(Math.abs(value) < 2 ** 63)) return LONG_MIN;
  const whole = Math.trunc(value);
  return Number.isSafeInteger(whole) ? whole + 0 : BigInt(whole);
}

/** A table with one of these fields stands for the type, in this order; any other is an array that ends at the first nil. */
function tableToReply(table: LuaTable, convert: (value: LuaValue) => Reply): Reply {
  const err = getEntry(table, 'err');
  if (err instanceof Uint8Array) return new ServerError(utf8(err));
  const ok = getEntry(table, 'ok');
  if (ok instanceof Uint8Array) return new SimpleString(latin1(ok).replace(/[\r\n]/g, ' '));
  const double = getEntry(table, 'double');
  if (typeof double === 'number') return new Double(double);
  const map = getEntry(table, 'map');
  if (isTable(map)) {
    return new MapReply([...entriesOf(map)].map(([key, value]) => [convert(key), convert(value)] as const));
  }
  const set = getEntry(table, 'set');
  if (isTable(set)) return new SetReply([...entriesOf(set)].map(([member]) => convert(member)));
  const big = getEntry(table, 'big_number');
  if (big instanceof Uint8Array) return new BigNumber(latin1(big).replace(/[\r\n]/g, ' '));
  const verbatim = getEntry(table, 'verbatim_string');
  if (isTable(verbatim)) {
    const text = getEntry(verbatim, 'string');
    const format = getEntry(verbatim, 'format');
    if (text instanceof Uint8Array && format instanceof Uint8Array) {
      return new Verbatim(utf8(text), latin1(format).slice(0, 3));
    }
  }
  const items: Reply[] = [];
  for (let i = 1; ; i++) {
    const item = getEntry(table, i);
    if (item === undefined) return items;
    items.push(convert(item));
  }
}
