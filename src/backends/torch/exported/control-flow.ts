import { truth } from '../interpreter/operators.ts';
import { ScriptError, type ScriptValue, UnsupportedOperation } from '../interpreter/values.ts';
import type { GraphRunner } from './graph-runner.ts';
import type { Graph } from './program.ts';

type Operand = ScriptValue | Graph;
type ControlFlow = (runner: GraphRunner, operands: readonly Operand[]) => ScriptValue;

function isGraph(operand: Operand | undefined): operand is Graph {
  return typeof operand === 'object' && operand !== null && 'nodes' in operand;
}

function graphAt(operands: readonly Operand[], index: number): Graph {
  const found = operands[index];
  if (isGraph(found)) return found;
  throw new ScriptError('a graph is missing');
}

/** Lists of operands stand for their members. */
function inputsFrom(operands: readonly Operand[], from: number): ScriptValue[] {
  return operands.slice(from).flatMap((operand) => {
    if (isGraph(operand)) throw new ScriptError('a graph is no value');
    return Array.isArray(operand) ? operand : [operand];
  });
}

/** The graph as if its nodes stood where the operator does. */
function inlined(runner: GraphRunner, graph: Graph, inputs: readonly ScriptValue[]): ScriptValue {
  const outputs = runner.run(graph, inputs);
  return outputs.length === 1 ? (outputs[0] as ScriptValue) : outputs;
}

const CONTROL_FLOW: Readonly<Record<string, ControlFlow>> = {
  // Nothing is trained here.
  wrap_with_set_grad_enabled: (runner, operands) =>
    inlined(runner, graphAt(operands, 1), inputsFrom(operands, 2)),
  wrap_with_autocast: (runner, operands) => {
    if (operands[2] !== false) throw new ScriptError('autocast is not supported');
    return inlined(runner, graphAt(operands, 4), inputsFrom(operands, 5));
  },
  // The second operand only names the graph.
  invoke_subgraph: (runner, operands) => inlined(runner, graphAt(operands, 0), inputsFrom(operands, 2)),
  cond: (runner, operands) => {
    const [condition = null] = operands;
    if (isGraph(condition)) throw new ScriptError('a graph is no condition');
    const taken = graphAt(operands, truth(runner.tracer, condition) ? 1 : 2);
    return inlined(runner, taken, inputsFrom(operands, 3));
  },
  // The condition, the body, what each turn changes, and what it only looks at.
  while_loop: (runner, operands) => {
    const [condition, body] = [graphAt(operands, 0), graphAt(operands, 1)];
    const [changing = null, others = null] = operands.slice(2);
    let carried = inputsFrom([changing], 0);
    const constant = inputsFrom([others], 0);
    while (truth(runner.tracer, runner.run(condition, [...carried, ...constant])[0] ?? null)) {
      carried = runner.run(body, [...carried, ...constant]);
    }
    return carried.length === 1 ? (carried[0] as ScriptValue) : carried;
  },
};

export function isControlFlow(name: string): boolean {
  return Object.hasOwn(CONTROL_FLOW, name);
}

/** @param name without its namespace, higher_order. */
export function controlFlow(runner: GraphRunner, name: string, operands: readonly Operand[]): ScriptValue {
  const found = Object.hasOwn(CONTROL_FLOW, name) ? CONTROL_FLOW[name] : undefined;
  if (found === undefined) throw new UnsupportedOperation(`higher_order::${name}`);
  return found(runner, operands);
}
