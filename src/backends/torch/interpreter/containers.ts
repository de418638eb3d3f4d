import type { Engine } from './engine.ts';
import { formatted } from './formatting.ts';
import { checkLength, compare, equal, settled, truth } from './operators.ts';
import { TEXT_METHODS } from './text-methods.ts';
import {
  Instance,
  type Named,
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

/** What was not given is undefined. */
type Arguments = readonly (ScriptValue | undefined)[];
type Method<T> = (engine: Engine, target: T, args: Arguments) => ScriptValue;

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
    if (items.length === 0) throw new ScriptError('IndexError: pop from empty list');
    const index = at === undefined ? -1 : intOf(engine, at);
    itemAt(items, index);
    return items.splice(index, 1)[0] as ScriptValue;
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
    const at = items.findIndex((other) => equal(engine, other, args[0] ?? null));
    if (at < 0) throw new ScriptError('ValueError: list.remove(x): x not in list');
    items.splice(at, 1);
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
    if (value === undefined) throw new ScriptError(`KeyError: ${textOf(key)}`);
    entries.delete(key);
    return value;
  },
  popitem: (_, entries) => {
    const [entry] = entries.items;
    if (entry === undefined) throw new ScriptError('KeyError: popitem(): dictionary is empty');
    entries.delete(entry.items[0] as ScriptValue);
    return entry;
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

function allSettled(engine: Engine, args: Arguments): Arguments {
  return args.map((arg) => (arg === undefined ? undefined : settled(engine, arg)));
}

const text: Readonly<Record<string, Method<string>>> = {
  join: (engine, s, [items = null]) => {
    const parts = iterate(engine, items).map((item) => {
      if (typeof item === 'string') return item;
      throw new ScriptError(`expected a str, got ${typeName(item)}`);
    });
    checkLength(
      engine,
      parts.reduce((sum, part) => sum + part.length + s.length, 0),
    );
    return parts.join(s);
  },
  format: (engine, s, args) => formatted(engine, s, args as readonly ScriptValue[]),
  ...Object.fromEntries(
    Object.entries(TEXT_METHODS).map(([name, method]): [string, Method<string>] => [
      name,
      (engine, s, args) => method(s, allSettled(engine, args), (length) => checkLength(engine, length)),
    ]),
  ),
};

/** Names by which arguments of methods can be given. */
const PARAMETERS: Readonly<Record<string, readonly string[]>> = {
  ...{ split: ['separator', 'max'], rsplit: ['separator', 'max'], replace: ['old', 'new', 'max'] },
  ...{ strip: ['chars'], lstrip: ['chars'], rstrip: ['chars'], zfill: ['width'], expandtabs: ['tabsize'] },
  ...{ center: ['width', 'fillchar'], ljust: ['width', 'fillchar'], rjust: ['width', 'fillchar'] },
  ...{ splitlines: ['keepends'], partition: ['separator'], rpartition: ['separator'], join: ['values'] },
  ...Object.fromEntries(
    ['find', 'rfind', 'rindex', 'startswith', 'endswith'].map((name) => [name, ['substr', 'start', 'end']]),
  ),
  ...{ append: ['el'], remove: ['el'], insert: ['idx', 'el'], extend: ['other'], sort: ['reverse'] },
  ...{ get: ['key', 'default_value'], setdefault: ['key', 'default_value'], update: ['to_add'] },
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
): ((args: readonly ScriptValue[], named: Named) => ScriptValue) | undefined {
  const bind = <T>(methods: Readonly<Record<string, Method<T>>>, of: T) => {
    const method = Object.hasOwn(methods, name) ? methods[name] : undefined;
    return method && ((args: Arguments) => method(engine, of, args));
  };
  let method: ((args: Arguments) => ScriptValue) | undefined;
  if (Array.isArray(target)) method = bind(list, target);
  else if (target instanceof ScriptDict) {
    const ofDict = bind(dict, target);
    method = ofDict && ((args) => ofDict(allSettled(engine, args)));
  } else if (typeof target === 'string') method = bind(text, target);
  return method && ((args, named) => method(inOrder(name, args, named)));
}

/** Arguments in the order of a method's parameters; what was not given is undefined. */
function inOrder(name: string, args: readonly ScriptValue[], named: Named): Arguments {
  if (named.size === 0) return args;
  const parameters = PARAMETERS[name] ?? [];
  const other = [...named.keys()].find((key) => !parameters.includes(key));
  if (other !== undefined) throw new ScriptError(`Keyword argument ${other} unknown`);
  return parameters.map((parameter, i) => args[i] ?? named.get(parameter));
}
