import type { PickledTensor } from '../archive/pickle.ts';
import type { Engine } from './engine.ts';
import {
  Float,
  isNumber,
  type Named,
  numberOf,
  type ScriptValue,
  type SymbolicNumber,
  TensorValue,
  typeName,
} from './values.ts';

/** How many steps there were where none were named. */
const STEPS = 100;

/** What a call meant once, as a call of today. */
interface Upgrade {
  /** The first format in which it means what it means today. */
  readonly until: number;
  readonly apply: (
    engine: Engine,
    args: readonly ScriptValue[],
    named: Named,
  ) => readonly [readonly ScriptValue[], Named];
}

/** Between integers it gave integers. */
const div: Upgrade = {
  until: 4,
  apply(engine, args, named) {
    const isReal = (value: ScriptValue) =>
      value instanceof TensorValue
        ? engine.call('aten::is_floating_point', [value], new Map()) === true
        : typeName(value) === 'float';
    const isWhole = !named.has('rounding_mode') && args.length === 2 && !args.some(isReal);
    return [args, isWhole ? new Map([...named, ['rounding_mode', 'trunc']]) : named];
  },
};

/** Without a dtype it gave reals. */
const full: Upgrade = {
  until: 5,
  apply(_engine, args, named) {
    const dtype = named.get('dtype') ?? args[2] ?? null;
    if (dtype !== null) return [args, named];
    const real = (value: ScriptValue) => (isNumber(value) ? new Float(numberOf(value)) : value);
    const [size = null, fill, ...others] = args;
    if (fill !== undefined) return [[size, real(fill), ...others], named];
    return [
      args,
      new Map([...named].map(([name, value]) => [name, name === 'fill_value' ? real(value) : value])),
    ];
  },
};

function evenSteps(until: number): Upgrade {
  return {
    until,
    apply(_engine, args, named) {
      const isNone = (args.length > 2 ? args[2] : named.get('steps')) == null;
      if (!isNone) return [args, named];
      const [start = null, end = null, , ...others] = args;
      return args.length > 2 || !named.has('steps')
        ? [[start, end, STEPS, ...others], named]
        : [args, new Map([...named, ['steps', STEPS]])];
    },
  };
}

/** By the names of ops (torch/csrc/jit/operator_upgraders/upgraders_entry.cpp and version_map.cpp). */
const UPGRADES = new Map<string, Upgrade>([
  ['aten::div', div],
  ['aten::div_', div],
  ['aten::full', full],
  ['aten::linspace', evenSteps(8)],
  ['aten::logspace', evenSteps(9)],
]);

/** The first format in which all ops mean what they mean today. */
const PRESENT_FORMAT = Math.max(...[...UPGRADES.values()].map(({ until }) => until));

/** The engine for a file of that format: ops whose meaning has changed since do what they did. */
export function engineForFormat(engine: Engine, format: number): Engine {
  return format >= PRESENT_FORMAT ? engine : new EarlierFormat(engine, format);
}

class EarlierFormat implements Engine {
  readonly #engine: Engine;
  readonly #format: number;

  constructor(engine: Engine, format: number) {
    this.#engine = engine;
    this.#format = format;
  }

  call(name: string, args: readonly ScriptValue[], named: Named): ScriptValue {
    const upgrade = UPGRADES.get(name);
    if (upgrade === undefined || this.#format >= upgrade.until) return this.#engine.call(name, args, named);
    const [newArgs, newNamed] = upgrade.apply(this.#engine, args, named);
    return this.#engine.call(name, newArgs, newNamed);
  }

  attribute(tensor: TensorValue, name: string): ScriptValue {
    return this.#engine.attribute(tensor, name);
  }

  symbolic(operator: string, left: ScriptValue, right: ScriptValue): ScriptValue {
    return this.#engine.symbolic(operator, left, right);
  }

  truth(value: TensorValue | SymbolicNumber): boolean {
    return this.#engine.truth(value);
  }

  known(value: SymbolicNumber): number {
    return this.#engine.known(value);
  }

  convert(value: TensorValue | SymbolicNumber, type: 'int' | 'float' | 'bool'): ScriptValue {
    return this.#engine.convert(value, type);
  }

  constant(tensor: PickledTensor): TensorValue {
    return this.#engine.constant(tensor);
  }

  tick(): void {
    this.#engine.tick();
  }

  watch(alive: () => Iterable<ScriptValue>): void {
    this.#engine.watch(alive);
  }
}
