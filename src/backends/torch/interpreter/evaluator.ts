import type { Expression, Index } from '../language/syntax.ts';
import { containerMethod, intOf, itemAt, iterate, slicePositions } from './containers.ts';
import { BUILTINS, callOperation } from './functions.ts';
import { isInstance } from './instances.ts';
import type { Frame, Interpreter } from './interpreter.ts';
import { compare, operate, settled, shown, truth } from './operators.ts';
import {
  Callable,
  Device,
  Float,
  Instance,
  type Named,
  NamedTuple,
  ScriptClass,
  ScriptDict,
  ScriptError,
  type ScriptValue,
  SymbolicNumber,
  TensorValue,
  Tuple,
  typeName,
} from './values.ts';

type Subscript = Extract<Expression, { kind: 'subscript' }>;
type CallExpression = Extract<Expression, { kind: 'call' }>;

/** torch.float32 and so on: a dtype is its number, as archives have it. */
const DTYPES: Readonly<Record<string, number>> = {
  ...{ uint8: 0, int8: 1, int16: 2, short: 2, int32: 3, int: 3, int64: 4, long: 4, float16: 5, half: 5 },
  ...{ float32: 6, float: 6, float64: 7, double: 7, bool: 11, bfloat16: 15 },
};
const MATH: Readonly<Record<string, number>> = { pi: Math.PI, e: Math.E, inf: Infinity, nan: Number.NaN };

/** Names of what ops give that give several tensors, by their places: values and indices of max, sort, topk.. */
const RESULTS: Readonly<Record<string, number>> = {
  ...{ values: 0, indices: 1, Q: 0, R: 1, U: 0, S: 1, V: 2, sign: 0, logabsdet: 1, hist: 0, bin_edges: 1 },
};

/** As torch writes the floats that have no digits. */
const FLOATS: Readonly<Record<string, number>> = { inf: Infinity, nan: Number.NaN };

/** What expressions are worth. */
export class Evaluator {
  readonly #interpreter: Interpreter;

  constructor(interpreter: Interpreter) {
    this.#interpreter = interpreter;
  }

  evaluate(expression: Expression, frame: Frame): ScriptValue {
    const { engine } = this.#interpreter;
    const inner = (part: Expression) => this.#interpreter.evaluate(part, frame);
    switch (expression.kind) {
      case 'none':
        return null;
      case 'bool':
      case 'int':
      case 'string':
        return expression.value;
      case 'float':
        return new Float(expression.value);
      case 'complex':
        throw new ScriptError('complex numbers are not supported');
      case 'name':
        return this.#name(expression.name, frame);
      case 'attribute':
        return this.#qualified(expression, frame) ?? this.attribute(inner(expression.of), expression.name);
      case 'subscript':
        return this.#item(expression, frame);
      case 'call':
        return this.#call(expression, frame);
      case 'tuple':
        return new Tuple(this.#items(expression.items, frame));
      case 'list':
        return this.#items(expression.items, frame);
      case 'starred':
        throw new ScriptError('a starred expression stands for no single value');
      case 'dict': {
        const made = new ScriptDict();
        for (const [key, value] of expression.entries) made.set(settled(engine, inner(key)), inner(value));
        return made;
      }
      case 'comprehension':
        return this.#comprehension(expression, frame);
      case 'text':
        return expression.parts.map((part) => shown(engine, inner(part))).join('');
      case 'not':
        return !truth(engine, inner(expression.operand));
      case 'unary':
        return this.#unary(expression.operator, inner(expression.operand));
      case 'and':
        return truth(engine, inner(expression.left)) && truth(engine, inner(expression.right));
      case 'or':
        return truth(engine, inner(expression.left)) || truth(engine, inner(expression.right));
      case 'binary':
        return operate(engine, expression.operator, inner(expression.left), inner(expression.right));
      case 'compare':
        return this.#compare(expression, frame);
      case 'conditional':
        return inner(truth(engine, inner(expression.condition)) ? expression.body : expression.otherwise);
    }
  }

  attribute(owner: ScriptValue, name: string): ScriptValue {
    const { engine } = this.#interpreter;
    if (owner instanceof Instance) {
      const value = owner.attributes.get(name);
      if (value !== undefined) return value;
      if (this.#interpreter.methodOf(owner, name) === undefined) {
        throw new ScriptError(`${owner.className} has no attribute '${name}'`);
      }
      return new Callable((args, named) => this.#interpreter.callMethod(owner, name, args, named));
    }
    if (owner instanceof NamedTuple) return itemAt(owner.items, owner.names.indexOf(name));
    if (owner instanceof Tuple && Object.hasOwn(RESULTS, name))
      return itemAt(owner.items, RESULTS[name] as number);
    if (owner instanceof TensorValue) return engine.attribute(owner, name);
    if (owner instanceof Device) return name === 'index' ? null : (owner.name.split(':')[0] as string);
    throw new ScriptError(`${typeName(owner)} has no attribute '${name}'`);
  }

  /** Changes `item`, which the target stands for, in place; one that tensors choose from another is a copy, and put back. */
  changeItem(
    target: Subscript,
    item: TensorValue,
    frame: Frame,
    change: (part: ScriptValue) => ScriptValue,
  ): void {
    const { engine } = this.#interpreter;
    const changed = change(item);
    const owner = this.#interpreter.evaluate(target.of, frame);
    if (!(owner instanceof TensorValue)) return;
    this.#tensorItem(owner, target.indices, frame, (of, positions) =>
      engine.call('aten::index_put_', [of, positions, changed], new Map()),
    );
  }

  setItem(target: Subscript, value: ScriptValue, frame: Frame): void {
    const { engine } = this.#interpreter;
    const owner = this.#interpreter.evaluate(target.of, frame);
    if (owner instanceof TensorValue) {
      const region = this.#tensorItem(owner, target.indices, frame, (of, positions) => {
        engine.call('aten::index_put_', [of, positions, value], new Map());
        return null;
      });
      if (region !== null) engine.call('aten::copy_', [region, value], new Map());
      return;
    }
    const [index] = target.indices;
    if (index === undefined || !('line' in index)) throw new ScriptError('this cannot be assigned to');
    const key = this.#interpreter.evaluate(index, frame);
    callOperation(engine, 'aten::_set_item', [owner, key, value], new Map());
  }

  /** A tensor of one element that stands where a number is wanted becomes that number. */
  #annotated(type: Expression, value: ScriptValue): ScriptValue {
    const name = type.kind === 'name' ? type.name : '';
    const isNumber = name === 'int' || name === 'float' || name === 'bool';
    return isNumber && value instanceof TensorValue ? this.#interpreter.engine.convert(value, name) : value;
  }

  #name(name: string, frame: Frame): ScriptValue {
    const local = frame.variables.get(name);
    if (local !== undefined) return local;
    if (Object.hasOwn(FLOATS, name)) return new Float(FLOATS[name] as number);
    const builtin = Object.hasOwn(BUILTINS, name) ? BUILTINS[name] : undefined;
    const defined = this.#interpreter.program.lookUp(frame.module, name);
    // A script's own function of a builtin's name is never called, as in libtorch.
    if (defined !== undefined && (builtin === undefined || name === 'reversed')) return defined;
    if (builtin === undefined) throw new ScriptError(`undefined value ${name}`);
    return new Callable((args, named) => builtin(this.#interpreter.engine, args, named));
  }

  /** A name with dots that is none of a variable: torch.add, ops.prim.min, CONSTANTS.c0, __torch__.. */
  #qualified(expression: Expression, frame: Frame): ScriptValue | undefined {
    const path = dotted(expression);
    const [root = ''] = path ?? [];
    if (path === undefined || frame.variables.has(root)) return undefined;
    const { engine, program } = this.#interpreter;
    const operation = (name: string) =>
      new Callable((args, named) => callOperation(engine, name, args, named));
    const last = path.at(-1) as string;
    switch (root) {
      case 'CONSTANTS':
        return this.#interpreter.constant(Number(last.slice(1)));
      case 'ops':
        return operation(`${path[1]}::${path.slice(2).join('.')}`);
      case 'torch': {
        const dtype = path.length === 2 ? DTYPES[last] : undefined;
        // torch.nn.functional.relu, torch.special.expit: the last part is the op's name.
        return (
          dtype ??
          (path.length === 2 && MATH[last] !== undefined ? new Float(MATH[last]) : operation(`aten::${last}`))
        );
      }
      case 'math':
        if (last === 'remainder') return operation('aten::mathremainder');
        return MATH[last] === undefined ? operation(`aten::${last}`) : new Float(MATH[last]);
      case '__torch__': {
        const defined = program.resolve(path.join('.'));
        if (defined !== undefined) return defined;
        const type = last === '__new__' ? program.resolve(path.slice(0, -1).join('.')) : undefined;
        if (type instanceof ScriptClass) return new Callable(() => new Instance(type.name));
        return undefined;
      }
      default:
        return this.#interpreter.externals.get(path.join('.'));
    }
  }

  #call(expression: CallExpression, frame: Frame): ScriptValue {
    const { callee } = expression;
    if (callee.kind === 'name' && !frame.variables.has(callee.name)) {
      const special = this.#specialCall(callee.name, expression, frame);
      if (special !== undefined) return special;
    }
    const evaluate = (part: Expression) => this.#interpreter.evaluate(part, frame);
    if (callee.kind === 'attribute') {
      const qualified = this.#qualified(callee, frame);
      if (qualified === undefined) {
        const owner = evaluate(callee.of);
        const [args, named] = this.#arguments(expression, frame);
        return this.#callMethod(owner, callee.name, args, named);
      }
      const [args, named] = this.#arguments(expression, frame);
      return this.#interpreter.call(qualified, args, named);
    }
    const called = evaluate(callee);
    const [args, named] = this.#arguments(expression, frame);
    return this.#interpreter.call(called, args, named);
  }

  #arguments({ args, named }: CallExpression, frame: Frame): [ScriptValue[], Named] {
    const evaluate = (part: Expression) => this.#interpreter.evaluate(part, frame);
    return [this.#items(args, frame), new Map(named.map(([name, value]) => [name, evaluate(value)]))];
  }

  /** Values of items or arguments, of which a starred one is several. */
  #items(items: readonly Expression[], frame: Frame): ScriptValue[] {
    const { engine } = this.#interpreter;
    return items.flatMap((item) => {
      if (item.kind !== 'starred') return [this.#interpreter.evaluate(item, frame)];
      return iterate(engine, this.#interpreter.evaluate(item.of, frame));
    });
  }

  #callMethod(owner: ScriptValue, name: string, args: readonly ScriptValue[], named: Named): ScriptValue {
    if (owner instanceof Instance) {
      const member = owner.attributes.get(name);
      if (member !== undefined) return this.#interpreter.call(member, args, named);
      return this.#interpreter.callMethod(owner, name, args, named);
    }
    const method = containerMethod(this.#interpreter.engine, owner, name);
    if (method !== undefined) return method(args, named);
    return callOperation(this.#interpreter.engine, `aten::${name}`, [owner, ...args], named);
  }

  /** What looks like a call, but takes types or names. */
  #specialCall(name: string, { args }: CallExpression, frame: Frame): ScriptValue | undefined {
    const [first, second] = args;
    if (first === undefined) return undefined;
    const evaluate = (part: Expression) => this.#interpreter.evaluate(part, frame);
    switch (name) {
      case 'annotate':
        return second && this.#annotated(first, evaluate(second));
      case 'unchecked_cast':
        return second && evaluate(second);
      case 'uninitialized':
        return null;
      case 'getattr':
        return second?.kind === 'string' ? this.attribute(evaluate(first), second.value) : undefined;
      case 'hasattr': {
        const owner = evaluate(first);
        return second?.kind === 'string' && owner instanceof Instance && owner.attributes.has(second.value);
      }
      case 'isinstance':
        return second && isInstance(evaluate(first), second);
      default:
        return undefined;
    }
  }

  #comprehension(expression: Extract<Expression, { kind: 'comprehension' }>, frame: Frame): ScriptValue {
    const { engine } = this.#interpreter;
    const evaluate = (part: Expression) => this.#interpreter.evaluate(part, frame);
    const made = new ScriptDict();
    const items: ScriptValue[] = [];
    const of = iterate(engine, evaluate(expression.of));
    // Its variables are its own.
    const outer = namesOf(expression.target).map((name) => [name, frame.variables.get(name)] as const);
    for (const item of of) {
      this.#interpreter.assign(expression.target, item, frame);
      if (!expression.conditions.every((condition) => truth(engine, evaluate(condition)))) continue;
      if (expression.key === null) items.push(evaluate(expression.item));
      else made.set(settled(engine, evaluate(expression.key)), evaluate(expression.item));
    }
    for (const [name, value] of outer) {
      if (value === undefined) frame.variables.delete(name);
      else frame.variables.set(name, value);
    }
    return expression.key === null ? items : made;
  }

  #unary(operator: '-' | '+' | '~', value: ScriptValue): ScriptValue {
    const { engine } = this.#interpreter;
    if (operator === '+') return value;
    if (value instanceof TensorValue) {
      return engine.call(operator === '-' ? 'aten::neg' : 'aten::bitwise_not', [value], new Map());
    }
    if (operator === '~') return -intOf(engine, value) - 1;
    if (value instanceof Float) return new Float(-value.value);
    return value instanceof SymbolicNumber ? engine.symbolic('-', 0, value) : operate(engine, '-', 0, value);
  }

  #compare({ first, rest }: Extract<Expression, { kind: 'compare' }>, frame: Frame): ScriptValue {
    const { engine } = this.#interpreter;
    let left = this.#interpreter.evaluate(first, frame);
    let result: ScriptValue = true;
    for (const [i, { operator, operand }] of rest.entries()) {
      const right = this.#interpreter.evaluate(operand, frame);
      // TorchScript compares from the left; where that has no meaning to it, it is Python's chain.
      const fromLeft = i > 0 && (result instanceof TensorValue || typeof right === 'boolean');
      if (i > 0 && !fromLeft && !truth(engine, result)) return false;
      result = compare(engine, operator, fromLeft ? result : left, right);
      left = right;
    }
    return result;
  }

  #item(expression: Subscript, frame: Frame): ScriptValue {
    const { engine } = this.#interpreter;
    const owner = this.#interpreter.evaluate(expression.of, frame);
    if (owner instanceof TensorValue) {
      return this.#tensorItem(owner, expression.indices, frame, (of, positions) =>
        engine.call('aten::index', [of, positions], new Map()),
      );
    }
    const [index] = expression.indices;
    if (index === undefined || index.kind === 'ellipsis') throw new ScriptError('this index is not known');
    if (index.kind === 'slice') return this.#sliced(owner, index, frame);
    const key = this.#interpreter.evaluate(index, frame);
    if (owner instanceof Instance && typeof key === 'string') return this.attribute(owner, key);
    return callOperation(engine, 'aten::__getitem__', [owner, key], new Map());
  }

  #sliced(owner: ScriptValue, index: Extract<Index, { kind: 'slice' }>, frame: Frame): ScriptValue {
    const { engine } = this.#interpreter;
    const bound = (part: Expression | null) => {
      const value = part === null ? null : this.#interpreter.evaluate(part, frame);
      return value === null ? null : intOf(engine, value);
    };
    const items = iterate(engine, owner);
    const taken = slicePositions(items.length, bound(index.start), bound(index.end), bound(index.step)).map(
      (i) => items[i] as ScriptValue,
    );
    if (typeof owner === 'string') return taken.join('');
    return owner instanceof Tuple ? new Tuple(taken) : taken;
  }

  /**
   * The part of a tensor that indices say: numbers, slices, None and ... are views, one after the other; tensors and lists of numbers are left
   * to `positions`, together.
   */
  #tensorItem(
    owner: TensorValue,
    indices: readonly Index[],
    frame: Frame,
    positions: (of: TensorValue, positions: ScriptValue[]) => ScriptValue,
  ): ScriptValue {
    const { engine } = this.#interpreter;
    const call = (name: string, ...args: ScriptValue[]) =>
      engine.call(`aten::${name}`, args, new Map()) as TensorValue;
    const evaluate = (part: Expression | null) =>
      part === null ? null : this.#interpreter.evaluate(part, frame);
    const rank = engine.call('aten::dim', [owner], new Map()) as number;
    const values = indices.map((index) => ('line' in index ? evaluate(index) : index.kind));
    const consumed = indices.filter((index, i) => index.kind !== 'ellipsis' && values[i] !== null).length;
    let view = owner;
    let dim = 0;
    const taken: ScriptValue[] = [];
    for (const [i, index] of indices.entries()) {
      const value = values[i] as ScriptValue;
      if (index.kind === 'ellipsis') dim += rank - consumed;
      else if (index.kind === 'slice') {
        const [start, end, step] = [evaluate(index.start), evaluate(index.end), evaluate(index.step)];
        if (start !== null || end !== null || step !== null)
          view = call('slice', view, dim, start, end, step ?? 1);
        dim++;
      } else if (value === null) view = call('unsqueeze', view, dim++);
      else if (value instanceof TensorValue || Array.isArray(value)) {
        taken[dim++] = Array.isArray(value) ? call('tensor', value) : value;
      } else view = call('select', view, dim, value);
    }
    if (taken.length === 0) return view;
    return positions(
      view,
      Array.from(taken, (position) => position ?? null),
    );
  }
}

/** The variables that a target writes to. */
function namesOf(target: Expression): string[] {
  if (target.kind === 'name') return [target.name];
  return target.kind === 'tuple' ? target.items.flatMap(namesOf) : [];
}

/** The parts of a name with dots. */
export function dotted(expression: Expression): string[] | undefined {
  if (expression.kind === 'name') return [expression.name];
  const owner = expression.kind === 'attribute' ? dotted(expression.of) : undefined;
  return owner && expression.kind === 'attribute' ? [...owner, expression.name] : undefined;
}
