import { truth } from '../interpreter/operators.ts';
import {
  isNumber,
  numberOf,
  ScriptError,
  type ScriptValue,
  SymbolicNumber,
  TensorValue,
  UnsupportedOperation,
} from '../interpreter/values.ts';
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
    const branches = [graphAt(operands, 1), graphAt(operands, 2)] as const;
    const inputs = inputsFrom(operands, 3);
    if (condition instanceof TensorValue) return selected(runner, condition, branches, inputs);
    return inlined(runner, branches[truth(runner.tracer, condition) ? 0 : 1], inputs);
  },
};

/** Both branches, of which one's results are taken: neither can have effects. */
function selected(
  runner: GraphRunner,
  condition: TensorValue,
  branches: readonly [Graph, Graph],
  inputs: readonly ScriptValue[],
): ScriptValue {
  const [taken, other] = branches.map((branch) => runner.run(branch, inputs)) as [
    ScriptValue[],
    ScriptValue[],
  ];
  if (taken.length !== other.length) throw new ScriptError('the branches have different outputs');
  const results = taken.map((value, i) => {
    const instead = other[i] as ScriptValue;
    if (value instanceof TensorValue && instead instanceof TensorValue) {
      return runner.tracer.call('aten::where', [condition, value, instead], new Map());
    }
    if (isNumber(value) && isNumber(instead) && numberOf(value) === numberOf(instead)) return value;
    if (value === instead && !(value instanceof SymbolicNumber)) return value;
    throw new ScriptError('the branches give different numbers');
  });
  return results.length === 1 ? (results[0] as ScriptValue) : results;
}

export function isControlFlow(name: string): boolean {
  return Object.hasOwn(CONTROL_FLOW, name);
}

/** @param name without its namespace, higher_order. */
export function controlFlow(runner: GraphRunner, name: string, operands: readonly Operand[]): ScriptValue {
  const found = Object.hasOwn(CONTROL_FLOW, name) ? CONTROL_FLOW[name] : undefined;
  if (found === undefined) throw new UnsupportedOperation(`higher_order::${name}`);
  return found(runner, operands);
}
