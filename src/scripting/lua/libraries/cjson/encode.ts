import { latin1 } from '../../../../protocol/latin1.ts';
import type { LuaState, LuaTable } from '../../fengari.ts';
import { raise } from '../../library.ts';
import { formatGeneral } from '../../number-text.ts';
import { entriesOf, getEntry, isTable, type LuaValue, NULL_POINTER, typeNameOf } from '../../values.ts';
import type { JsonSettings } from './settings.ts';

const ESCAPES: Record<string, string> = {
  '"': '\\"',
  '\\': '\\\\',
  '/': '\\/',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\f': '\\f',
  '\r': '\\r',
};

function quote(bytes: Uint8Array): string {
  const text = latin1(bytes).replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what has to be escaped.
    /["\\/\u0000-\u001f\u007f]/g,
    (c) => ESCAPES[c] ?? `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `"${text}"`;
}

/**
 * A value as JSON, one character a byte, as lua-cjson 2.1 writes it: tables whose keys are all positive whole numbers are arrays, empty ones objects.
 * @throws a Lua error where that cannot be.
 */
export function encode(L: LuaState, value: LuaValue, settings: JsonSettings): string {
  return new Encoder(L, settings).value(value, 0);
}

class Encoder {
  readonly #L: LuaState;
  readonly #settings: JsonSettings;

  constructor(L: LuaState, settings: JsonSettings) {
    this.#L = L;
    this.#settings = settings;
  }

  value(value: LuaValue, depth: number): string {
    if (value === undefined || value === NULL_POINTER) return 'null';
    if (typeof value === 'boolean') return String(value);
    if (typeof value === 'number') return this.#number(value);
    if (value instanceof Uint8Array) return quote(value);
    if (isTable(value)) return this.#table(value, depth + 1);
    return this.#refuse(value, 'type not supported');
  }

  #number(value: number): string {
    const { encodeInvalidNumbers, numberPrecision } = this.#settings;
    if (!Number.isFinite(value)) {
      if (encodeInvalidNumbers === 'null') return 'null';
      if (!encodeInvalidNumbers) this.#refuse(value, 'must not be NaN or Inf');
    }
    return formatGeneral(value, numberPrecision);
  }

  #table(table: LuaTable, depth: number): string {
    if (depth > this.#settings.encodeMaxDepth) {
      raise(this.#L, `Cannot serialise, excessive nesting (${depth})`);
    }
    const length = this.#arrayLength(table);
    const items: string[] = [];
    if (length > 0) {
      for (let i = 1; i <= length; i++) items.push(this.value(getEntry(table, i), depth));
      return `[${items.join(',')}]`;
    }
    for (const [key, value] of entriesOf(table)) {
      if (typeof key === 'number') items.push(`"${this.#number(key)}":${this.value(value, depth)}`);
      else if (key instanceof Uint8Array) items.push(`${quote(key)}:${this.value(value, depth)}`);
      else this.#refuse(key, 'table key must be a number or string');
    }
    return `{${items.join(',')}}`;
  }

  /** The largest index, or 0 where the table is an object. */
  #arrayLength(table: LuaTable): number {
    const { sparseConvert, sparseRatio, sparseSafe } = this.#settings;
    let largest = 0;
    let count = 0;
    for (const [key] of entriesOf(table)) {
      if (typeof key !== 'number' || !Number.isInteger(key) || key < 1) return 0;
      largest = Math.max(largest, key);
      count++;
    }
    if (sparseRatio > 0 && largest > count * sparseRatio && largest > sparseSafe) {
      if (!sparseConvert) this.#refuse(table, 'excessively sparse array');
      return 0;
    }
    return largest;
  }

  #refuse(value: LuaValue, why: string): never {
    return raise(this.#L, `Cannot serialise ${typeNameOf(value)}: ${why}`);
  }
}
