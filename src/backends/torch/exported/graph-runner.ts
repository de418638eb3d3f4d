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

/** Goes through graphs node by node. */
export class GraphRunner {
  readonly tracer: Tracer;

  constructor(tracer: Tracer) {
    this.tracer = tracer;
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
    for (const node of graph.nodes) {
      try {
        this.#node(node, scope);
      } catch (error) {
        throw placed(error, node);
      }
    }
    return graph.outputs.map((output) => valueFor(output, scope));
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
