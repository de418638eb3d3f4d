import { formatDouble } from '../protocol/float.ts';
import {
  BigNumber,
  BulkParts,
  ByteString,
  Double,
  MapReply,
  NullArray,
  type Reply,
  ServerError,
  SetReply,
  SimpleString,
  Verbatim,
} from '../protocol/reply.ts';
import type { LuaState, LuaTable } from './lua/fengari.ts';
import { bytesOf, type LuaValue, newArray, newTable, setEntry } from './lua/values.ts';

type Pushable = LuaValue | string;

/** A reply as a script sees it in the protocol that it chose: as Redis converts RESP to Lua. */
export function replyToLua(L: LuaState, reply: Reply, protocol: 2 | 3): Pushable {
  return new Conversion(L, protocol === 3).of(reply);
}

/** A table with one field. */
export function fieldTable(L: LuaState, name: string, value: Pushable): LuaTable {
  const table = newTable(L);
  setEntry(L, table, name, value);
  return table;
}

class Conversion {
  readonly #L: LuaState;
  readonly #typed: boolean;

  /** @param typed whether the types that only RESP3 has are told apart. */
  constructor(L: LuaState, typed: boolean) {
    this.#L = L;
    this.#typed = typed;
  }

  of(reply: Reply): Pushable {
    switch (typeof reply) {
      case 'number':
      case 'string':
        return reply;
      case 'bigint':
        return Number(reply);
      case 'boolean':
        return this.#typed ? reply : Number(reply);
    }
    if (reply === null || reply instanceof NullArray) return this.#typed ? undefined : false;
    // A copy: the reply may lie in shared memory, and a Lua string never changes.
    if (reply instanceof Uint8Array) return new Uint8Array(reply);
    if (reply instanceof ByteString) return bytesOf(reply.text);
    if (reply instanceof SimpleString) return fieldTable(this.#L, 'ok', bytesOf(reply.text));
    if (reply instanceof ServerError) return fieldTable(this.#L, 'err', reply.message);
    if (Array.isArray(reply)) return this.#array(reply);
    if (reply instanceof MapReply) return this.#map(reply);
    if (reply instanceof SetReply) return this.#set(reply);
    if (reply instanceof BulkParts) return new Uint8Array(Buffer.concat(reply.parts));
    if (reply instanceof Double) {
      return this.#typed ? fieldTable(this.#L, 'double', reply.value) : formatDouble(reply.value);
    }
    if (reply instanceof Verbatim) return this.#typed ? this.#verbatim(reply) : reply.text;
    if (reply instanceof BigNumber) {
      return this.#typed ? fieldTable(this.#L, 'big_number', reply.digits) : reply.digits;
    }
    return undefined;
  }

  #array(items: readonly Reply[]): LuaTable {
    return newArray(
      this.#L,
      items.map((item) => this.of(item)),
    );
  }

  #map({ entries }: MapReply): LuaTable {
    if (!this.#typed) return this.#array(entries.flat());
    const map = newTable(this.#L);
    for (const [key, value] of entries) setEntry(this.#L, map, this.of(key), this.of(value));
    return fieldTable(this.#L, 'map', map);
  }

  #set({ items }: SetReply): LuaTable {
    if (!this.#typed) return this.#array(items);
    const set = newTable(this.#L);
    for (const item of items) setEntry(this.#L, set, this.of(item), true);
    return fieldTable(this.#L, 'set', set);
  }

  #verbatim({ text, format }: Verbatim): LuaTable {
    const fields = newTable(this.#L);
    setEntry(this.#L, fields, 'string', text);
    setEntry(this.#L, fields, 'format', format);
    return fieldTable(this.#L, 'verbatim_string', fields);
  }
}
