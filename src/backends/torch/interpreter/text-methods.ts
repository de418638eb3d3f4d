import { slicePositions } from './containers.ts';
import { ScriptError, type ScriptValue, Tuple, typeName } from './values.ts';

/** The arguments of a method of texts; what was not given is undefined. */
type Arguments = readonly (ScriptValue | undefined)[];
/** @param check throws where a text or a list of so many items is too long. */
type TextMethod = (text: string, args: Arguments, check: Check) => ScriptValue;
type Check = (length: number) => void;

function word(value: ScriptValue | undefined, otherwise?: string): string {
  if (typeof value === 'string') return value;
  if (value === undefined && otherwise !== undefined) return otherwise;
  throw new ScriptError(`expected a str, got ${typeName(value ?? null)}`);
}

function count(value: ScriptValue | undefined, otherwise: number): number {
  if (value === undefined) return otherwise;
  if (typeof value === 'number') return value;
  throw new ScriptError(`expected an int, got ${typeName(value)}`);
}

const SPACES = ' \t\n\v\f\r';

function stripped(text: string, chars: string, atStart: boolean, atEnd: boolean): string {
  let [from, to] = [0, text.length];
  while (atStart && from < to && chars.includes(text[from] as string)) from++;
  while (atEnd && from < to && chars.includes(text[to - 1] as string)) to--;
  return text.slice(from, to);
}

/** At most so many cuts; all for a negative number. */
function split(text: string, separator: string, most: number): string[] {
  if (separator === '') throw new ScriptError('ValueError: empty separator');
  const parts = text.split(separator);
  if (most < 0 || parts.length <= most + 1) return parts;
  return [...parts.slice(0, most), parts.slice(most).join(separator)];
}

function splitFromEnd(text: string, separator: string, most: number): string[] {
  if (separator === '') throw new ScriptError('ValueError: empty separator');
  const parts = text.split(separator);
  if (most < 0 || parts.length <= most + 1) return parts;
  const first = parts.length - most;
  return [parts.slice(0, first).join(separator), ...parts.slice(first)];
}

function words(text: string): string[] {
  return text.split(/[ \t\n\v\f\r]+/).filter((part) => part !== '');
}

/** The part of a text between two positions, which may count from the end. */
function between(
  text: string,
  start: ScriptValue | undefined,
  end: ScriptValue | undefined,
): [string, number] {
  const from = slicePositions(text.length, count(start, 0), null, null)[0] ?? text.length;
  const to =
    end === undefined || end === -1 ? text.length : Math.max(from, boundOf(text.length, count(end, 0)));
  return [text.slice(from, to), from];
}

function boundOf(length: number, at: number): number {
  return Math.min(Math.max(at < 0 ? at + length : at, 0), length);
}

const find =
  (last: boolean): TextMethod =>
  (text, [part, start, end]) => {
    const [within, from] = between(text, start, end);
    const at = last ? within.lastIndexOf(word(part)) : within.indexOf(word(part));
    return at < 0 ? -1 : from + at;
  };

const index =
  (last: boolean): TextMethod =>
  (text, args, check) => {
    const at = find(last)(text, args, check);
    if (at === -1) throw new ScriptError('ValueError: substring not found');
    return at;
  };

const padded =
  (left: (room: number, width: number) => number): TextMethod =>
  (text, [width, fill], check) => {
    const room = Math.max(0, count(width, 0) - text.length);
    check(text.length + room);
    const by = word(fill, ' ');
    if (by.length !== 1)
      throw new ScriptError('TypeError: The fill character must be exactly one character long');
    const before = left(room, text.length + room);
    return by.repeat(before) + text + by.repeat(room - before);
  };

const isAll =
  (pattern: RegExp): TextMethod =>
  (text) =>
    pattern.test(text);

function occurrences(text: string, part: string): number {
  return part === '' ? text.length + 1 : text.split(part).length - 1;
}

function replaced(text: string, from: string, to: string, most: number, check: Check): string {
  if (from === '') throw new ScriptError('ValueError: empty substring');
  const parts = text.split(from);
  const cut = most < 0 ? parts.length - 1 : Math.min(most, parts.length - 1);
  check(text.length + cut * to.length);
  return [...parts.slice(0, cut), parts.slice(cut).join(from)].join(to);
}

/** Letters of ASCII only, as libtorch has them. */
const upper = (text: string) => text.replace(/[a-z]/g, (c) => c.toUpperCase());
const lower = (text: string) => text.replace(/[A-Z]/g, (c) => c.toLowerCase());

/** Methods of texts, but for `format`, which needs an engine. */
export const TEXT_METHODS: Readonly<Record<string, TextMethod>> = {
  // Without a separator all words are split, whatever is said of how many; from the end, at each single space.
  split: (text, [by, most]) =>
    by === undefined || by === null ? words(text) : split(text, word(by), count(most, -1)),
  rsplit: (text, [by, most]) => splitFromEnd(text, word(by, ' '), count(most, -1)),
  splitlines: (text, [keepEnds]) => {
    const lines = text.match(/[^\n\r]*(?:\r\n|\n|\r)|[^\n\r]+$/g) ?? [];
    return keepEnds === true ? [...lines] : lines.map((line) => line.replace(/[\r\n]+$/, ''));
  },
  strip: (text, [chars]) => stripped(text, word(chars, SPACES), true, true),
  lstrip: (text, [chars]) => stripped(text, word(chars, SPACES), true, false),
  rstrip: (text, [chars]) => stripped(text, word(chars, SPACES), false, true),
  lower,
  upper,
  capitalize: (text) => upper(text.slice(0, 1)) + lower(text.slice(1)),
  swapcase: (text) => text.replace(/[a-z]|[A-Z]/g, (c) => (c < 'a' ? lower(c) : upper(c))),
  title: (text) => text.replace(/[A-Za-z]+/g, (found) => upper(found.slice(0, 1)) + lower(found.slice(1))),
  center: padded((room, width) => Math.floor(room / 2) + (room & width & 1)),
  ljust: padded(() => 0),
  rjust: padded((room) => room),
  zfill: (text, [width], check) => padded((room) => room)(text, [width, '0'], check),
  expandtabs: (text, [size], check) => {
    let column = 0;
    const width = count(size, 8);
    check(text.length + Math.max(0, width) * occurrences(text, '\t'));
    return text.replace(/\t|\n|[^\t\n]+/g, (part) => {
      const shown = part === '\t' ? ' '.repeat(width <= 0 ? 0 : width - (column % width)) : part;
      column = part === '\n' ? 0 : column + shown.length;
      return shown;
    });
  },
  partition: (text, [by]) => {
    const at = text.indexOf(word(by));
    if (at < 0) return new Tuple([text, '', '']);
    return new Tuple([text.slice(0, at), word(by), text.slice(at + word(by).length)]);
  },
  rpartition: (text, [by]) => {
    const at = text.lastIndexOf(word(by));
    if (at < 0) return new Tuple(['', '', text]);
    return new Tuple([text.slice(0, at), word(by), text.slice(at + word(by).length)]);
  },
  find: find(false),
  rfind: find(true),
  index: index(false),
  rindex: index(true),
  count: (text, [part, start, end]) => occurrences(between(text, start, end)[0], word(part)),
  startswith: (text, [part, start, end]) => between(text, start, end)[0].startsWith(word(part)),
  endswith: (text, [part, start, end]) => between(text, start, end)[0].endsWith(word(part)),
  replace: (text, [from, to, most], check) => replaced(text, word(from), word(to), count(most, -1), check),
  isdigit: isAll(/^\d+$/),
  isdecimal: isAll(/^\d+$/),
  isnumeric: isAll(/^\d+$/),
  isalpha: isAll(/^[A-Za-z]+$/),
  isalnum: isAll(/^[A-Za-z\d]+$/),
  isspace: isAll(/^[ \t\n\v\f\r]+$/),
  isupper: isAll(/^[^a-z]*[A-Z][^a-z]*$/),
  islower: isAll(/^[^A-Z]*[a-z][^A-Z]*$/),
  istitle: isAll(/^[^A-Za-z]*(?:[A-Z][a-z]*[^A-Za-z]+)*[A-Z][a-z]*[^A-Za-z]*$/),
  isprintable: isAll(/^[ -~]*$/),
  // libtorch takes an underscore for none.
  isidentifier: isAll(/^[A-Za-z][A-Za-z\d]*$/),
};
