import { errors, ServerError } from '../../../errors.ts';
import { Interruption } from '../interpreter/interpreter.ts';
import {
  ScriptError,
  type ScriptValue,
  Tuple,
  typeName,
  UnsupportedOperation,
} from '../interpreter/values.ts';
import type { Tracer } from '../tracing/tracer.ts';
import { controlFlow } from './control-flow.ts';
import { bindNode } from './node-arguments.ts';
import type { Argument, Graph, Node } from './program.ts';
import { symbolicFunction } from './symbolic-functions.ts';
import { type Target, targetOf } from './targets.ts';

type Scope = Map<string, ScriptValue>;

/** A graph that is being gone through. */
interface Frame {
  readonly graph: Graph;
  readonly scope: Scope;
  /** Of the node that is computed. */
  position: number;
}

/** Nodes that a run may go through, which is far more than any program has: a loop without end is cut here. */
const MAX_NODES = 200_000;
/** Nodes between looks at what else ends a run. */
const TICK = 256;

/** Goes through graphs node by node. */
export class GraphRunner {
  readonly tracer: Tracer;
  readonly #frames: Frame[] = [];
  #nodes = 0;

  constructor(tracer: Tracer) {
    this.tracer = tracer;
    tracer.watch(() => this.#frames.flatMap(valuesToCome));
  }

  /**
   * What the graph's outputs are for these inputs.
   * @throws ServerError with the place of the node.
   */
  run(graph: Graph, inputs: readonly ScriptValue[]): ScriptValue[] {
    const scope: Scope = new Map();
    if (inputs.length !== graph.inputs.length) {
      throw new ScriptError(`a graph of ${graph.inputs.length} inputs is given ${inputs.length}`);
    }
    // Sizes that were found to be the same for all inputs have no node that computes them.
    for (const [name, size] of graph.ints) if (typeof size === 'number') scope.set(name, size);
    for (const [i, input] of graph.inputs.entries()) bind(input, inputs[i] as ScriptValue, scope);
    const frame = { graph, scope, position: 0 };
    this.#frames.push(frame);
    for (const node of graph.nodes) {
      try {
        this.#count();
        this.#node(node, scope);
      } catch (error) {
        throw placed(error, node);
      }
      frame.position++;
    }
    this.#frames.pop();
    return graph.outputs.map((output) => valueFor(output, scope));
  }

  #count(): void {
    if (++this.#nodes > MAX_NODES) throw new ScriptError('the program does too much: it may never end');
    if (this.#nodes % TICK === 0) this.tracer.tick();
  }

  #node(node: Node, scope: Scope): void {
    const target = targetOf(node.target);
    if (target.kind === 'control flow') {
      const values = node.inputs.map(({ argument }) =>
        argument.kind === 'graph' ? argument.graph : valueFor(argument, scope),
      );
      spread(node, controlFlow(this, target.name, values), scope);
      return;
    }
    const given = node.inputs.map(({ name, argument, isKeyword }) => ({
      name,
      value: valueFor(argument, scope),
      isKeyword,
    }));
    const values = given.map(({ value }) => value);
    const plain = target.kind === 'function' ? symbolicFunction(target.name) : undefined;
    const result = plain === undefined ? this.#op(target, given) : plain(this.tracer, values);
    spread(node, result, scope);
  }

  #op({ name, overload }: Target, given: Parameters<typeof bindNode>[1]): ScriptValue {
    const { args, named } = bindNode(name, given);
    try {
      return this.tracer.call(name, args, named);
    } catch (error) {
      // Without arguments it is an op that is not there at all.
      if (error instanceof UnsupportedOperation && error.operation === name) {
        throw new UnsupportedOperation(`${name}${overload}`);
      }
      throw error;
    }
  }
}

/** What the nodes behind the current one, and the outputs, take. */
function valuesToCome({ graph, scope, position }: Frame): ScriptValue[] {
  const taken = [
    ...graph.nodes.slice(position + 1).flatMap(({ inputs }) => inputs.map(({ argument }) => argument)),
    ...graph.outputs,
  ];
  return taken.flatMap(namesIn).flatMap((name) => scope.get(name) ?? []);
}

function namesIn(argument: Argument): string[] {
  if (argument.kind === 'value') return [argument.name];
  return argument.kind === 'list' ? argument.items.flatMap(namesIn) : [];
}

function placed(error: unknown, { place }: Node): unknown {
  if (error instanceof ServerError || error instanceof Interruption) return error;
  if (error instanceof UnsupportedOperation) return errors.torchUnsupported(error.operation, place);
  if (error instanceof ScriptError) return errors.torchFailed(error.message, place);
  if (error instanceof RangeError && /call stack/.test(error.message)) {
    return errors.torchFailed('maximum recursion depth exceeded', place);
  }
  return error;
}

/** @throws ScriptError where it is not there, or nothing that a graph can compute with. */
function valueFor(argument: Argument, scope: Scope): ScriptValue {
  switch (argument.kind) {
    case 'literal':
      return argument.value;
    case 'list':
      return argument.items.map((item) => valueFor(item, scope));
    case 'value': {
      const value = scope.get(argument.name);
      if (value === undefined) throw new ScriptError(`there is no value '${argument.name}'`);
      return value;
    }
    case 'graph':
      throw new ScriptError('a graph is no value');
    case 'unsupported':
      throw new ScriptError(`${argument.what} is not supported`);
  }
}

/** Names a value, or the members of a list. */
function bind(argument: Argument, value: ScriptValue, scope: Scope): void {
  if (argument.kind === 'value') scope.set(argument.name, value);
  if (argument.kind !== 'list') return;
  const items = itemsOf(value);
  if (items === undefined || items.length < argument.items.length) {
    throw new ScriptError(`${argument.items.length} values are expected, not ${typeName(value)}`);
  }
  for (const [i, item] of argument.items.entries()) bind(item, items[i] as ScriptValue, scope);
}

/** Names what a node gives. */
function spread({ outputs }: Node, result: ScriptValue, scope: Scope): void {
  const [only] = outputs;
  if (only === undefined) return;
  if (outputs.length === 1) {
    bind(only, result, scope);
    return;
  }
  // What no node uses has a name, too, and is not always computed.
  for (const [i, item] of (itemsOf(result) ?? []).entries()) {
    const output = outputs[i];
    if (output !== undefined) bind(output, item, scope);
  }
}

function itemsOf(value: ScriptValue): readonly ScriptValue[] | undefined {
  return value instanceof Tuple ? value.items : Array.isArray(value) ? value : undefined;
}
