import type { LuaState } from '../../fengari.ts';
import { raise } from '../../library.ts';
import { parseNumber } from '../../number-text.ts';
import { bytesOf, type LuaValue, NULL_POINTER, newTable, setEntry } from '../../values.ts';
import type { JsonSettings } from './settings.ts';

type TokenType =
  | 'T_OBJ_BEGIN'
  | 'T_OBJ_END'
  | 'T_ARR_BEGIN'
  | 'T_ARR_END'
  | 'T_COLON'
  | 'T_COMMA'
  | 'T_STRING'
  | 'T_NUMBER'
  | 'T_BOOLEAN'
  | 'T_NULL'
  | 'T_END'
  | 'T_ERROR';

interface Token {
  readonly type: TokenType;
  /** Where it begins, or of an error where it is. */
  readonly at: number;
  /** The value, or of an error its text. */
  readonly value?: LuaValue | string;
}

const PUNCTUATION: Record<string, TokenType> = {
  '{': 'T_OBJ_BEGIN',
  '}': 'T_OBJ_END',
  '[': 'T_ARR_BEGIN',
  ']': 'T_ARR_END',
  ':': 'T_COLON',
  ',': 'T_COMMA',
};

const WORDS: readonly [string, TokenType, LuaValue][] = [
  ['true', 'T_BOOLEAN', true],
  ['false', 'T_BOOLEAN', false],
  ['null', 'T_NULL', NULL_POINTER],
];

const ESCAPES: Record<string, string> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

/** What C's `strtod` would take from here. */
const NUMBER =
  /[+-]?(?:0x(?:[0-9a-f]+\.?[0-9a-f]*|\.[0-9a-f]+)(?:p[+-]?\d+)?|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|inf(?:inity)?|nan)/iy;
/** Numbers that JSON does not have. */
const INVALID_NUMBER = /\+|-?(?:0(?:x|\d)|inf|nan)/iy;
const UNICODE = /\\u([0-9a-fA-F]{4})/y;

/**
 * Reads JSON as lua-cjson 2.1 does, with its errors.
 * @param text one character a byte.
 * @throws a Lua error that tells what was expected and where.
 */
export function decode(L: LuaState, text: string, settings: JsonSettings): LuaValue {
  return new Decoder(L, text, settings).document();
}

class Decoder {
  readonly #L: LuaState;
  readonly #text: string;
  readonly #settings: JsonSettings;
  #at = 0;
  #depth = 0;

  constructor(L: LuaState, text: string, settings: JsonSettings) {
    this.#L = L;
    this.#text = text;
    this.#settings = settings;
  }

  document(): LuaValue {
    if (this.#text.length >= 2 && (this.#text[0] === '\0' || this.#text[1] === '\0')) {
      raise(this.#L, 'JSON parser does not support UTF-16 or UTF-32');
    }
    const value = this.#value(this.#next());
    const end = this.#next();
    if (end.type !== 'T_END') this.#fail('the end', end);
    return value;
  }

  #value(token: Token): LuaValue {
    switch (token.type) {
      case 'T_STRING':
      case 'T_NUMBER':
      case 'T_BOOLEAN':
      case 'T_NULL':
        return token.value as LuaValue;
      case 'T_OBJ_BEGIN':
        return this.#object();
      case 'T_ARR_BEGIN':
        return this.#array();
      default:
        return this.#fail('value', token);
    }
  }

  #object(): LuaValue {
    this.#descend();
    const table = newTable(this.#L);
    let token = this.#next();
    if (token.type !== 'T_OBJ_END') {
      for (;;) {
        if (token.type !== 'T_STRING') this.#fail('object key string', token);
        const key = token.value as Uint8Array;
        const colon = this.#next();
        if (colon.type !== 'T_COLON') this.#fail('colon', colon);
        setEntry(this.#L, table, key, this.#value(this.#next()));
        token = this.#next();
        if (token.type === 'T_OBJ_END') break;
        if (token.type !== 'T_COMMA') this.#fail('comma or object end', token);
        token = this.#next();
      }
    }
    this.#depth--;
    return table;
  }

  #array(): LuaValue {
    this.#descend();
    const table = newTable(this.#L);
    let token = this.#next();
    if (token.type !== 'T_ARR_END') {
      for (let i = 1; ; i++) {
        setEntry(this.#L, table, i, this.#value(token));
        token = this.#next();
        if (token.type === 'T_ARR_END') break;
        if (token.type !== 'T_COMMA') this.#fail('comma or array end', token);
        token = this.#next();
      }
    }
    this.#depth--;
    return table;
  }

  #descend(): void {
    if (++this.#depth > this.#settings.decodeMaxDepth) {
      raise(this.#L, `Found too many nested data structures (${this.#depth}) at character ${this.#at}`);
    }
  }

  #fail(expected: string, token: Token): never {
    const found = token.type === 'T_ERROR' ? token.value : token.type;
    return raise(this.#L, `Expected ${expected} but found ${found} at character ${token.at + 1}`);
  }

  #next(): Token {
    while (' \t\n\r'.includes(this.#text[this.#at] ?? '.')) this.#at++;
    const at = this.#at;
    const c = this.#text[at];
    if (c === undefined || c === '\0') return { type: 'T_END', at };
    const punctuation = PUNCTUATION[c];
    if (punctuation !== undefined) {
      this.#at++;
      return { type: punctuation, at };
    }
    if (c === '"') return this.#string();
    const isInvalid = matchAt(INVALID_NUMBER, this.#text, at) !== null;
    if (c === '-' || (c >= '0' && c <= '9')) {
      if (isInvalid && !this.#settings.decodeInvalidNumbers)
        return { type: 'T_ERROR', at, value: 'invalid number' };
      return this.#number();
    }
    for (const [word, type, value] of WORDS) {
      if (!this.#text.startsWith(word, at)) continue;
      this.#at += word.length;
      return { type, at, value };
    }
    if (isInvalid && this.#settings.decodeInvalidNumbers) return this.#number();
    return { type: 'T_ERROR', at, value: 'invalid token' };
  }

  #number(): Token {
    const at = this.#at;
    const text = matchAt(NUMBER, this.#text, at)?.[0];
    const value = text === undefined ? undefined : parseNumber(text);
    if (text === undefined || value === undefined) return { type: 'T_ERROR', at, value: 'invalid number' };
    this.#at += text.length;
    return { type: 'T_NUMBER', at, value };
  }

  #string(): Token {
    const at = this.#at;
    let result = '';
    for (let i = at + 1; ; ) {
      const c = this.#text[i];
      if (c === undefined) return { type: 'T_ERROR', at: i, value: 'unexpected end of string' };
      if (c === '"') {
        this.#at = i + 1;
        return { type: 'T_STRING', at, value: bytesOf(result) };
      }
      if (c !== '\\') {
        result += c;
        i++;
        continue;
      }
      if (this.#text[i + 1] === 'u') {
        const unicode = unicodeAt(this.#text, i);
        if (unicode === undefined) return { type: 'T_ERROR', at: i, value: 'invalid unicode escape code' };
        result += unicode.bytes;
        i += unicode.length;
        continue;
      }
      const plain = ESCAPES[this.#text[i + 1] ?? ''];
      if (plain === undefined) return { type: 'T_ERROR', at: i, value: 'invalid escape code' };
      result += plain;
      i += 2;
    }
  }
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

/** The UTF-8 bytes of one `\uXXXX`, or of two that are a pair. */
function unicodeAt(
  text: string,
  at: number,
): { readonly bytes: string; readonly length: number } | undefined {
  const first = matchAt(UNICODE, text, at)?.[1];
  if (first === undefined) return undefined;
  let code = Number.parseInt(first, 16);
  let length = 6;
  if ((code & 0xf800) === 0xd800) {
    const second = matchAt(UNICODE, text, at + 6)?.[1];
    const low = second === undefined ? 0 : Number.parseInt(second, 16);
    if ((code & 0x400) !== 0 || (low & 0xfc00) !== 0xdc00) return undefined;
    code = 0x10000 + ((code & 0x3ff) << 10) + (low & 0x3ff);
    length = 12;
  }
  return { bytes: Buffer.from(String.fromCodePoint(code)).toString('latin1'), length };
}
