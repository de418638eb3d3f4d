import { formatDouble } from '../../../protocol/float.ts';
import type { FunctionDefinition } from '../language/syntax.ts';

/** A float; an int is a plain number. */
export class Float {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

/** A tensor, as the engine has them. */
export abstract class TensorValue {
  abstract readonly isTensor: true;
}

/** A number that only a run of a traced program tells. */
export abstract class SymbolicNumber {
  abstract readonly type: 'int' | 'float' | 'bool';
}

export class Tuple {
  readonly items: readonly ScriptValue[];

  constructor(items: readonly ScriptValue[]) {
    this.items = items;
  }
}

export class NamedTuple extends Tuple {
  readonly names: readonly string[];

  constructor(names: readonly string[], items: readonly ScriptValue[]) {
    super(items);
    this.names = names;
  }
}

/** An instance of a module or another class. */
export class Instance {
  readonly className: string;
  readonly attributes: Map<string, ScriptValue>;

  constructor(className: string, attributes = new Map<string, ScriptValue>()) {
    this.className = className;
    this.attributes = attributes;
  }
}

export class Device {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

export class ScriptFunction {
  readonly definition: FunctionDefinition;
  /** The module that it is in: where its names are looked up. */
  readonly module: string;

  constructor(definition: FunctionDefinition, module: string) {
    this.definition = definition;
    this.module = module;
  }
}

export class ScriptClass {
  readonly name: string;
  readonly isNamedTuple: boolean;
  /** Their types as they are written; of a NamedTuple in order. */
  readonly fields: ReadonlyMap<string, string>;
  readonly methods: ReadonlyMap<string, ScriptFunction>;

  constructor(
    name: string,
    isNamedTuple: boolean,
    fields: ReadonlyMap<string, string>,
    methods: ReadonlyMap<string, ScriptFunction>,
  ) {
    this.name = name;
    this.isNamedTuple = isNamedTuple;
    this.fields = fields;
    this.methods = methods;
  }
}

/** Something to call: a function of the server, or a method with what it belongs to. */
export class Callable {
  readonly call: (args: readonly ScriptValue[], named: Named) => ScriptValue;

  constructor(call: Callable['call']) {
    this.call = call;
  }
}

export type ScriptValue =
  | null
  | boolean
  | number
  | string
  | Float
  | TensorValue
  | SymbolicNumber
  | Tuple
  | Instance
  | Device
  | ScriptFunction
  | ScriptClass
  | Callable
  | ScriptValue[]
  | ScriptDict;

/** Keys are ints, strings, bools and floats; floats are kept by their number. */
export class ScriptDict {
  readonly #entries = new Map<unknown, readonly [ScriptValue, ScriptValue]>();

  get size(): number {
    return this.#entries.size;
  }

  get(key: ScriptValue): ScriptValue | undefined {
    return this.#entries.get(keyOf(key))?.[1];
  }

  has(key: ScriptValue): boolean {
    return this.#entries.has(keyOf(key));
  }

  set(key: ScriptValue, value: ScriptValue): void {
    this.#entries.set(keyOf(key), [key, value]);
  }

  delete(key: ScriptValue): void {
    this.#entries.delete(keyOf(key));
  }

  clear(): void {
    this.#entries.clear();
  }

  get keys(): ScriptValue[] {
    return [...this.#entries.values()].map(([key]) => key);
  }

  get values(): ScriptValue[] {
    return [...this.#entries.values()].map(([, value]) => value);
  }

  get items(): Tuple[] {
    return [...this.#entries.values()].map((entry) => new Tuple(entry));
  }
}

function keyOf(key: ScriptValue): unknown {
  return key instanceof Float ? key.value : key;
}

export type Named = ReadonlyMap<string, ScriptValue>;

/** What a script did wrong, or an operation that it asked for: the client gets the text. */
export class ScriptError extends Error {}

/** An operation that is not there. */
export class UnsupportedOperation extends Error {
  readonly operation: string;

  constructor(operation: string) {
    super(`${operation} is not supported`);
    this.operation = operation;
  }
}

export function isNumber(value: ScriptValue): value is number | boolean | Float {
  return typeof value === 'number' || typeof value === 'boolean' || value instanceof Float;
}

export function numberOf(value: number | boolean | Float): number {
  return value instanceof Float ? value.value : Number(value);
}

/** The type as TorchScript calls it, for errors. */
export function typeName(value: ScriptValue): string {
  if (value === null) return 'NoneType';
  if (typeof value === 'number') return 'int';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'string') return 'str';
  if (value instanceof Float) return 'float';
  if (value instanceof TensorValue) return 'Tensor';
  if (value instanceof SymbolicNumber) return value.type;
  if (value instanceof Tuple) return 'Tuple';
  if (value instanceof ScriptDict) return 'Dict';
  if (value instanceof Instance) return value.className;
  if (value instanceof Device) return 'Device';
  return Array.isArray(value) ? 'List' : 'Function';
}

/** As TorchScript's str() has it: unlike Python it puts no quotes around texts in lists, and writes 1.0 as `1.`. */
export function textOf(value: ScriptValue): string {
  if (value === null) return 'None';
  if (value === true || value === false) return value ? 'True' : 'False';
  if (value instanceof Float) return floatText(value.value);
  if (typeof value === 'string' || typeof value === 'number') return String(value);
  const inner = (items: readonly ScriptValue[]) => items.map(textOf).join(', ');
  if (Array.isArray(value)) return `[${inner(value)}]`;
  if (value instanceof Tuple) return `(${inner(value.items)}${value.items.length === 1 ? ',' : ''})`;
  if (value instanceof ScriptDict) {
    return `{${value.items.map(({ items: [k, v] }) => `${textOf(k as ScriptValue)}: ${textOf(v as ScriptValue)}`).join(', ')}}`;
  }
  return value instanceof Device ? value.name : `<${typeName(value)}>`;
}

/** With 17 digits, and a point where it is a whole number that an int could be. */
function floatText(x: number): string {
  return Number.isInteger(x) && Math.abs(x) < 2 ** 63 ? `${BigInt(x)}.` : formatDouble(x);
}
