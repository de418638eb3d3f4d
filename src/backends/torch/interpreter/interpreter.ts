import { errors, ServerError } from '../../../errors.ts';
import {
  type Pickled,
  PickledFloat,
  PickledGlobal,
  PickledObject,
  PickledStorage,
  PickledTensor,
  PickledTuple,
} from '../archive/pickle.ts';
import type { Expression, Statement } from '../language/syntax.ts';
import { extend, intOf, iterate, slicePositions } from './containers.ts';
import { engineForFormat } from './earlier-format.ts';
import type { Engine } from './engine.ts';
import { Evaluator } from './evaluator.ts';
import { callOperation } from './functions.ts';
import { type RunningBlock, valuesToCome } from './liveness.ts';
import { operate, settled, shown, truth } from './operators.ts';
import { Program } from './program.ts';
import {
  Callable,
  Float,
  Instance,
  isNumber,
  type Named,
  NamedTuple,
  ScriptClass,
  ScriptDict,
  ScriptError,
  ScriptFunction,
  type ScriptValue,
  TensorValue,
  Tuple,
  typeName,
  UnsupportedOperation,
} from './values.ts';

/** Functions of the server by the names that scripts have for them. */
export type Externals = ReadonlyMap<string, Callable>;

/** The names of a function that is running. */
export interface Frame {
  readonly module: string;
  readonly variables: Map<string, ScriptValue>;
  /** From the function's own to the innermost. */
  readonly blocks: RunningBlock[];
}

/** How a statement ends: with the next one, or otherwise. */
type Outcome = undefined | 'break' | 'continue' | { readonly value: ScriptValue };

/** A script may do this much, which is far more than any model does: one that loops without end is cut here. */
const MAX_STEPS = 20_000_000;
const MAX_CALLS = 300;
/** Steps between two looks of the engine at the clock. */
const TICK = 1024;
/** What ends a program that has no error of its own: control flow that the engine uses. */
export class Interruption extends Error {}

/** The ops of augmented assignments to tensors that are in place; `%=` is C's, unlike `%`. */
const IN_PLACE: Readonly<Record<string, string>> = {
  ...{ '+': 'add_', '-': 'sub_', '*': 'mul_', '/': 'div_', '%': 'fmod_' },
};

/** What each target gets: a starred one what the others leave. */
function gathered(items: readonly ScriptValue[], targets: readonly Expression[]): readonly ScriptValue[] {
  const at = targets.findIndex(({ kind }) => kind === 'starred');
  const rest = items.length - targets.length + 1;
  if (at >= 0 && rest >= 0) {
    return [...items.slice(0, at), new Tuple(items.slice(at, at + rest)), ...items.slice(at + rest)];
  }
  if (items.length === targets.length) return items;
  throw new ScriptError(`expected ${targets.length} values to unpack, got ${items.length}`);
}

/** Runs a program of TorchScript. One run at a time. */
export class Interpreter {
  readonly program: Program;
  readonly engine: Engine;
  /** Functions of the server that a script may call: redis.execute. */
  readonly externals: Externals;
  readonly #constants: readonly Pickled[];
  readonly #evaluator: Evaluator;
  readonly #converted = new Map<object, ScriptValue>();
  readonly #frames: Frame[] = [];
  #line = 0;
  #steps = 0;
  #calls = 0;

  constructor(
    program: Program,
    constants: readonly Pickled[],
    engine: Engine,
    externals: Externals = new Map(),
  ) {
    this.program = program;
    this.externals = externals;
    this.engine = engineForFormat(engine, program.format);
    this.#constants = constants;
    this.#evaluator = new Evaluator(this);
    engine.watch(() => this.#frames.flatMap(({ blocks, variables }) => [...valuesToCome(blocks, variables)]));
  }

  /** CONSTANTS.c0 and so on. */
  constant(index: number): ScriptValue {
    const value = this.#constants[index];
    if (value === undefined) throw new ScriptError(`there is no constant ${index}`);
    return this.convert(value);
  }

  /** What a pickle holds, as the program sees it; the same thing each time. */
  convert(value: Pickled): ScriptValue {
    if (value === null || typeof value !== 'object') return value;
    const known = this.#converted.get(value);
    if (known !== undefined) return known;
    if (value instanceof PickledObject) {
      const made = new Instance(value.className);
      this.#converted.set(value, made);
      for (const [name, attribute] of value.attributes) made.attributes.set(name, this.convert(attribute));
      return made;
    }
    const made = this.#convertPlain(value);
    this.#converted.set(value, made);
    return made;
  }

  /** Calls whatever can be called: a function, a class, a module. */
  call(callee: ScriptValue, args: readonly ScriptValue[], named: Named): ScriptValue {
    if (callee instanceof Callable) return callee.call(args, named);
    if (callee instanceof ScriptFunction) return this.callFunction(callee, args, named);
    if (callee instanceof ScriptClass) return this.#construct(callee, args, named);
    if (callee instanceof Instance) return this.callMethod(callee, 'forward', args, named);
    throw new ScriptError(`${typeName(callee)} cannot be called`);
  }

  callMethod(target: Instance, name: string, args: readonly ScriptValue[], named: Named): ScriptValue {
    const method = this.methodOf(target, name);
    if (method === undefined) throw new ScriptError(`${target.className} has no method '${name}'`);
    return this.callFunction(method, [target, ...args], named);
  }

  methodOf(target: Instance, name: string): ScriptFunction | undefined {
    const type = this.program.resolve(target.className);
    return type instanceof ScriptClass ? type.methods.get(name) : undefined;
  }

  callFunction(callee: ScriptFunction, args: readonly ScriptValue[], named: Named): ScriptValue {
    const { definition, module } = callee;
    const frame: Frame = { module, variables: new Map(), blocks: [] };
    const { parameters, name } = definition;
    if (args.length > parameters.length) {
      throw new ScriptError(`${name}() takes ${parameters.length} arguments but ${args.length} were given`);
    }
    if (++this.#calls > MAX_CALLS) throw new ScriptError('maximum recursion depth exceeded');
    const calledFrom = this.#line;
    this.#frames.push(frame);
    try {
      for (const [i, parameter] of parameters.entries()) {
        const given = i < args.length ? args[i] : named.get(parameter.name);
        if (given === undefined && parameter.otherwise === null) {
          throw new ScriptError(`${name}() is missing value for argument '${parameter.name}'`);
        }
        const value = given ?? (parameter.otherwise && this.evaluate(parameter.otherwise, frame));
        frame.variables.set(parameter.name, value ?? null);
      }
      const outcome = this.#block(definition.body, frame);
      return typeof outcome === 'object' ? outcome.value : null;
    } catch (error) {
      throw this.#placed(error, module, name);
    } finally {
      this.#calls--;
      this.#frames.pop();
      this.#line = calledFrom;
    }
  }

  evaluate(expression: Expression, frame: Frame): ScriptValue {
    this.#step();
    return this.#evaluator.evaluate(expression, frame);
  }

  /** Writes to a name, an attribute or an element. */
  assign(target: Expression, value: ScriptValue, frame: Frame): void {
    switch (target.kind) {
      case 'name':
        frame.variables.set(target.name, value);
        return;
      case 'tuple':
      case 'list': {
        const items = gathered(iterate(this.engine, value), target.items);
        for (const [i, item] of target.items.entries()) this.assign(item, items[i] as ScriptValue, frame);
        return;
      }
      case 'starred':
        this.assign(target.of, value, frame);
        return;
      case 'attribute': {
        const owner = this.evaluate(target.of, frame);
        if (!(owner instanceof Instance))
          throw new ScriptError(`attributes of ${typeName(owner)} cannot be set`);
        owner.attributes.set(target.name, value);
        return;
      }
      case 'subscript':
        this.#evaluator.setItem(target, value, frame);
        return;
      default:
        throw new ScriptError('this cannot be assigned to');
    }
  }

  /** Says where an error happened, once: in the innermost function. */
  #placed(error: unknown, module: string, name: string): unknown {
    const where = `${Program.fileOf(module)}:${this.#line} in ${name}`;
    if (error instanceof UnsupportedOperation) return errors.torchUnsupported(error.operation, where);
    if (error instanceof ScriptError) return errors.torchFailed(error.message, where);
    if (error instanceof ServerError || error instanceof Interruption) return error;
    if (error instanceof RangeError && /call stack/.test(error.message)) {
      return errors.torchFailed('maximum recursion depth exceeded', where);
    }
    return error;
  }

  #convertPlain(value: Exclude<Pickled, null | boolean | number | string | PickledObject>): ScriptValue {
    if (value instanceof PickledFloat) return new Float(value.value);
    if (value instanceof PickledTensor) return this.engine.constant(value);
    if (value instanceof PickledTuple) return new Tuple(value.items.map((item) => this.convert(item)));
    if (Array.isArray(value)) return value.map((item) => this.convert(item));
    if (value instanceof PickledStorage) throw new ScriptError('a storage is no value');
    if (value instanceof PickledGlobal) return value.name;
    const entries = new ScriptDict();
    for (const [key, item] of value) entries.set(this.convert(key), this.convert(item));
    return entries;
  }

  #construct(type: ScriptClass, args: readonly ScriptValue[], named: Named): ScriptValue {
    if (type.isNamedTuple) {
      const fields = [...type.fields.keys()];
      const items = fields.map((field, i) => args[i] ?? named.get(field) ?? null);
      return new NamedTuple(fields, items);
    }
    const made = new Instance(type.name);
    const init = type.methods.get('__init__');
    if (init !== undefined) this.callFunction(init, [made, ...args], named);
    return made;
  }

  #block(statements: readonly Statement[], frame: Frame): Outcome {
    const running = { statements, at: 0 };
    frame.blocks.push(running);
    try {
      for (const [at, statement] of statements.entries()) {
        running.at = at;
        const outcome = this.#statement(statement, frame);
        if (outcome !== undefined) return outcome;
      }
      return undefined;
    } finally {
      frame.blocks.pop();
    }
  }

  #step(): void {
    if (++this.#steps > MAX_STEPS) throw new ScriptError('the program does too much: it may never end');
    if (this.#steps % TICK === 0) this.engine.tick();
  }

  #statement(statement: Statement, frame: Frame): Outcome {
    this.#step();
    this.#line = statement.line;
    switch (statement.kind) {
      case 'pass':
      case 'import':
      case 'decorator':
      // Compiled, and never called.
      case 'function':
        return undefined;
      case 'break':
      case 'continue':
        return statement.kind;
      case 'expression':
        this.evaluate(statement.value, frame);
        return undefined;
      case 'return':
        return { value: statement.value === null ? null : this.evaluate(statement.value, frame) };
      case 'assign': {
        if (statement.value === null) return undefined;
        const value = this.evaluate(statement.value, frame);
        for (const target of statement.targets) this.assign(target, value, frame);
        return undefined;
      }
      case 'augmented':
        this.#augmented(statement, frame);
        return undefined;
      case 'if':
        return this.#block(
          this.#truth(statement.condition, frame) ? statement.body : statement.otherwise,
          frame,
        );
      case 'while':
        while (this.#truth(statement.condition, frame)) {
          const outcome = this.#block(statement.body, frame);
          if (outcome === 'break') break;
          if (typeof outcome === 'object') return outcome;
        }
        return undefined;
      case 'for':
        for (const item of iterate(this.engine, this.evaluate(statement.of, frame))) {
          this.assign(statement.target, item, frame);
          const outcome = this.#block(statement.body, frame);
          if (outcome === 'break') break;
          if (typeof outcome === 'object') return outcome;
        }
        return undefined;
      case 'with':
        for (const { target } of statement.items) if (target !== null) this.assign(target, null, frame);
        return this.#block(statement.body, frame);
      case 'raise':
        throw new ScriptError(
          statement.value === null ? 'an exception' : this.#raised(statement.value, frame),
        );
      case 'assert':
        if (this.#truth(statement.condition, frame)) return undefined;
        throw new ScriptError(
          `AssertionError: ${statement.message === null ? '' : shown(this.engine, this.evaluate(statement.message, frame))}`,
        );
      case 'delete':
        for (const target of statement.targets) {
          if (target.kind === 'name') frame.variables.delete(target.name);
          else if (target.kind === 'subscript') this.#delete(target, frame);
        }
        return undefined;
      default:
        throw new ScriptError(`a ${statement.kind} cannot be defined inside of a function`);
    }
  }

  #truth(condition: Expression, frame: Frame): boolean {
    return truth(this.engine, this.evaluate(condition, frame));
  }

  #raised(value: Expression, frame: Frame): string {
    if (value.kind === 'call' && value.callee.kind === 'name') {
      const texts = value.args.map((arg) => shown(this.engine, this.evaluate(arg, frame)));
      return `${value.callee.name}: ${texts.join(' ')}`;
    }
    return value.kind === 'name' ? value.name : shown(this.engine, this.evaluate(value, frame));
  }

  /** On tensors it changes the tensor itself, and so all its views. */
  #augmented(statement: Extract<Statement, { kind: 'augmented' }>, frame: Frame): void {
    const { target, operator } = statement;
    const before = this.evaluate(target, frame);
    const value = this.evaluate(statement.value, frame);
    if (before instanceof TensorValue) {
      const inPlace = IN_PLACE[operator];
      if (inPlace !== undefined) {
        const change = (part: ScriptValue) => this.engine.call(`aten::${inPlace}`, [part, value], new Map());
        if (target.kind === 'subscript') this.#evaluator.changeItem(target, before, frame, change);
        else change(before);
        return;
      }
    }
    if (Array.isArray(before) && operator === '+') extend(this.engine, before, value);
    else if (Array.isArray(before) && operator === '*') {
      const repeated = operate(this.engine, operator, before, value) as ScriptValue[];
      before.length = 0;
      extend(this.engine, before, repeated);
    } else if (operator === '%' && isNumber(before)) {
      this.assign(target, callOperation(this.engine, 'aten::fmod', [before, value], new Map()), frame);
    } else this.assign(target, operate(this.engine, operator, before, value), frame);
  }

  #delete(target: Extract<Expression, { kind: 'subscript' }>, frame: Frame): void {
    const owner = this.evaluate(target.of, frame);
    const [index] = target.indices;
    if (index === undefined || !('line' in index)) throw new ScriptError('this cannot be deleted');
    const key = this.evaluate(index, frame);
    if (owner instanceof ScriptDict) owner.delete(settled(this.engine, key));
    else if (Array.isArray(owner)) {
      const [at] = slicePositions(owner.length, intOf(this.engine, key), null, null);
      if (at !== undefined) owner.splice(at, 1);
    }
  }
}
