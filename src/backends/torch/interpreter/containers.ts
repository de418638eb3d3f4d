import type { Engine } from './engine.ts';
import { checkLength, compare, equal, settled, shown, truth } from './operators.ts';
import {
  Instance,
  ScriptDict,
  ScriptError,
  type ScriptValue,
  SymbolicNumber,
  TensorValue,
  Tuple,
  textOf,
  typeName,
} from './values.ts';

/** An int that has to be known, so that it can count and index. */
export function intOf(engine: Engine, value: ScriptValue): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return Number(value);
  if (value instanceof SymbolicNumber) return engine.known(value);
  if (value instanceof TensorValue) return intOf(engine, engine.convert(value, 'int'));
  throw new ScriptError(`expected an int, got ${typeName(value)}`);
}

/** What a loop goes through. */
export function iterate(engine: Engine, value: ScriptValue): readonly ScriptValue[] {
  if (Array.isArray(value)) return [...value];
  if (value instanceof Tuple) return value.items;
  if (value instanceof ScriptDict) return value.keys;
  if (typeof value === 'string') return [...value];
  if (value instanceof TensorValue) return iterate(engine, engine.call('aten::unbind', [value], new Map()));
  // A ModuleList or a Sequential: its modules have numbers for names.
  if (value instanceof Instance) {
    return [...value.attributes].filter(([name]) => /^\d+$/.test(name)).map(([, module]) => module);
  }
  throw new ScriptError(`${typeName(value)} cannot be iterated over`);
}

/** Positions that a slice takes. */
export function slicePositions(
  size: number,
  start: number | null,
  end: number | null,
  step: number | null,
): number[] {
  const by = step ?? 1;
  if (by === 0) throw new ScriptError('slice step cannot be zero');
  const bound = (x: number) =>
    Math.min(Math.max(x < 0 ? x + size : x, by > 0 ? 0 : -1), by > 0 ? size : size - 1);
  const from = start === null ? (by > 0 ? 0 : size - 1) : bound(start);
  const to = end === null ? (by > 0 ? size : -1) : bound(end);
  const positions: number[] = [];
  for (let i = from; by > 0 ? i < to : i > to; i += by) positions.push(i);
  return positions;
}

export function itemAt<T>(items: readonly T[], index: number): T {
  const item = items[index < 0 ? index + items.length : index];
  if (item === undefined) throw new ScriptError('IndexError: list index out of range');
  return item;
}

/** Puts what a loop would go through at the end of a list. */
export function extend(engine: Engine, items: ScriptValue[], more: ScriptValue): void {
  const added = iterate(engine, more);
  checkLength(engine, items.length + added.length);
  // Not as arguments of push: there may be more than the stack holds.
  for (const item of added) items.push(item);
}

type Method<T> = (engine: Engine, target: T, args: readonly ScriptValue[]) => ScriptValue;

const list: Readonly<Record<string, Method<ScriptValue[]>>> = {
  append: (_, items, [item = null]) => {
    items.push(item);
    return items;
  },
  extend: (engine, items, [more = null]) => {
    extend(engine, items, more);
    return null;
  },
  insert: (engine, items, [at = null, item = null]) => {
    items.splice(intOf(engine, at), 0, item);
    return null;
  },
  pop: (engine, items, [at]) => {
    const [item] = items.splice(at === undefined ? -1 : intOf(engine, at), 1);
    if (item === undefined) throw new ScriptError('IndexError: pop from empty list');
    return item;
  },
  reverse: (_, items) => {
    items.reverse();
    return null;
  },
  clear: (_, items) => {
    items.length = 0;
    return null;
  },
  copy: (_, items) => [...items],
  count: (engine, items, [item = null]) => items.filter((other) => equal(engine, other, item)).length,
  index: (engine, items, [item = null]) => {
    const at = items.findIndex((other) => equal(engine, other, item));
    if (at < 0) throw new ScriptError(`ValueError: '${textOf(item)}' is not in list`);
    return at;
  },
  remove: (engine, items, args) => {
    items.splice(list.index?.(engine, items, args) as number, 1);
    return null;
  },
  sort: (engine, items, [reverse = false]) => {
    const ordered = sorted(engine, items);
    items.splice(0, items.length, ...(truth(engine, reverse) ? ordered.reverse() : ordered));
    return null;
  },
};

export function sorted(engine: Engine, items: readonly ScriptValue[]): ScriptValue[] {
  const less = (a: ScriptValue, b: ScriptValue) => truth(engine, compare(engine, '<', a, b));
  return [...items].sort((a, b) => (less(a, b) ? -1 : less(b, a) ? 1 : 0));
}

const dict: Readonly<Record<string, Method<ScriptDict>>> = {
  keys: (_, entries) => entries.keys,
  values: (_, entries) => entries.values,
  items: (_, entries) => entries.items,
  get: (_, entries, [key = null, otherwise = null]) => entries.get(key) ?? otherwise,
  setdefault: (_, entries, [key = null, otherwise = null]) => {
    if (!entries.has(key)) entries.set(key, otherwise);
    return entries.get(key) as ScriptValue;
  },
  pop: (_, entries, [key = null, otherwise]) => {
    const value = entries.get(key) ?? otherwise;
    if (value === undefined) throw new ScriptError(`KeyError: ${textOf(key, true)}`);
    entries.delete(key);
    return value;
  },
  update: (_, entries, [other = null]) => {
    if (other instanceof ScriptDict) {
      for (const { items } of other.items) entries.set(items[0] as ScriptValue, items[1] as ScriptValue);
    }
    return null;
  },
  clear: (_, entries) => {
    entries.clear();
    return null;
  },
  copy: (_, entries) => {
    const copied = new ScriptDict();
    for (const { items } of entries.items) copied.set(items[0] as ScriptValue, items[1] as ScriptValue);
    return copied;
  },
};

const word = (value: ScriptValue | undefined): string => {
  if (typeof value === 'string') return value;
  throw new ScriptError(`expected a str, got ${typeName(value ?? null)}`);
};

const text: Readonly<Record<string, Method<string>>> = {
  format: (engine, s, args) => {
    let next = 0;
    return s.replace(/\{(\d*)[^{}]*\}/g, (_all, at: string) =>
      shown(engine, args[at === '' ? next++ : Number(at)] ?? null),
    );
  },
  split: (_, s, [by]) => (by === undefined || by === null ? s.trim().split(/\s+/) : s.split(word(by))),
  join: (engine, s, [items = null]) => iterate(engine, items).map(word).join(s),
  lower: (_, s) => s.toLowerCase(),
  upper: (_, s) => s.toUpperCase(),
  strip: (_, s) => s.trim(),
  lstrip: (_, s) => s.trimStart(),
  rstrip: (_, s) => s.trimEnd(),
  startswith: (_, s, [start]) => s.startsWith(word(start)),
  endswith: (_, s, [end]) => s.endsWith(word(end)),
  replace: (_, s, [from, to]) => s.replaceAll(word(from), word(to)),
  find: (_, s, [part]) => s.indexOf(word(part)),
  count: (_, s, [part]) => s.split(word(part)).length - 1,
  isdigit: (_, s) => /^\d+$/.test(s),
};

/** Whether lists, dicts or texts have a method of that name. */
export function isContainerMethod(name: string): boolean {
  return [list, dict, text].some((methods) => Object.hasOwn(methods, name));
}

/** The method of a list, dict or text; undefined where there is none of that name. */
export function containerMethod(
  engine: Engine,
  target: ScriptValue | undefined,
  name: string,
): ((args: readonly ScriptValue[]) => ScriptValue) | undefined {
  const bind = <T>(methods: Readonly<Record<string, Method<T>>>, of: T) => {
    const method = Object.hasOwn(methods, name) ? methods[name] : undefined;
    return method && ((args: readonly ScriptValue[]) => method(engine, of, args));
  };
  if (Array.isArray(target)) return bind(list, target);
  if (target instanceof ScriptDict) {
    const method = bind(dict, target);
    return method && ((args) => method(args.map((arg) => settled(engine, arg))));
  }
  return typeof target === 'string' ? bind(text, target) : undefined;
}
