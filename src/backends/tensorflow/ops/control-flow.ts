import type { GraphBuilder } from '../../onnx-graph/graph-builder.ts';
import type { Value } from '../../onnx-graph/value.ts';
import type { GraphNode, Ref } from '../graph.ts';
import { emitChoice, emitLoop, truthOf } from '../loops.ts';
import type { OpContext } from '../op-context.ts';
import { alike, defineOps, type OpDefinition } from '../op-registry.ts';
import type { Scope } from '../scope.ts';

const same: OpDefinition = { lower: (op) => op.input(0) };
const first = (node: GraphNode): Ref => ({ node: node.name, port: 0 });

/** Lowers the loop that a value leaves, with all that leaves it. */
function lowerLoop(op: OpContext): Value {
  const { scope, builder } = op;
  const frame =
    scope.lowering.controlFlow(scope.graph).frames.leftThrough(op.node) ??
    op.fail('it does not leave a loop through a Switch');
  const { condition } = frame;
  if (condition === undefined) return op.fail('its loop has no condition');
  const carried = frame.variables.filter(({ isInvariant }) => !isInvariant);
  const fixed = frame.variables.filter(({ isInvariant }) => isInvariant);
  const initial = scope.lower(carried.map((v) => v.initial));
  const kept = scope.lower(fixed.map((v) => v.initial));
  const round = (into: GraphBuilder, values: readonly Value[]) => {
    const inner = scope.inner(into);
    carried.forEach((v, i) => {
      inner.setValue(first(v.merge), values[i] as Value);
    });
    fixed.forEach((v, i) => {
      inner.setValue(first(v.merge), kept[i] as Value);
    });
    return inner;
  };
  const loop = {
    initial,
    condition: (into: GraphBuilder, values: readonly Value[]) =>
      round(into, values).lower([condition])[0] as Value,
    body: (into: GraphBuilder, values: readonly Value[]) =>
      round(into, values).lower(carried.map((v) => v.next)),
  };
  scope.lowering.looping(frame, () => {
    const after = round(builder, emitLoop(builder, loop));
    for (const exit of frame.exits) scope.setOutputs(exit.name, after.lower(exit.inputs));
  });
  return scope.value(first(op.node));
}

function neededByLoop(node: GraphNode, scope: Scope): readonly Ref[] {
  const frame = scope.lowering.controlFlow(scope.graph).frames.leftThrough(node);
  return frame?.enters.flatMap(({ inputs }) => inputs) ?? [];
}

/** Lowers the branches that meet, each into a graph of its own. */
function lowerMerge(op: OpContext): readonly Value[] {
  const { scope, builder, node } = op;
  const { frames, branches } = scope.lowering.controlFlow(scope.graph);
  if (frames.isLoopMerge(node))
    return op.fail('it is part of a loop, and what is in one has no value outside');
  const { predicate, whenTrue } = branches.choiceOf(node);
  const branch = (index: 0 | 1) => (into: GraphBuilder) => {
    const [value] = scope.inner(into).lower([node.inputs[index] as Ref]);
    return [value as Value, into.scalar('int32', index)];
  };
  const whenFalse = whenTrue === 0 ? 1 : 0;
  const decision = truthOf(builder, scope.value(predicate));
  return emitChoice(builder, decision, branch(whenTrue), branch(whenFalse));
}

function neededByMerge(node: GraphNode, scope: Scope): readonly Ref[] {
  const { frames, branches } = scope.lowering.controlFlow(scope.graph);
  if (frames.isLoopMerge(node)) return [];
  const { predicate, outside } = branches.choiceOf(node);
  return [predicate, ...outside];
}

export const controlFlow = defineOps('Loops and branches of TensorFlow 1', {
  ...alike(['Enter', 'RefEnter', 'NextIteration', 'RefNextIteration', 'LoopCond'], same),
  ...alike(['Switch', 'RefSwitch'], {
    limits: 'an output of the graph that is not taken has a value all the same',
    outputs: ['output_false', 'output_true'],
    // Who decides is the loop that it is part of, or the Merge where the branches meet: what one Switch guards has no effects.
    dependencies: (node) => node.inputs.slice(0, 1),
    lower: (op) => [op.input(0), op.input(0)],
  }),
  ...alike(['Merge', 'RefMerge'], {
    limits: 'of two branches',
    outputs: ['output', 'value_index'],
    dependencies: neededByMerge,
    lower: lowerMerge,
  }),
  ...alike(['Exit', 'RefExit'], { dependencies: neededByLoop, lower: lowerLoop }),
  RefIdentity: same,
  ToBool: { lower: (op) => truthOf(op.builder, op.input(0)) },
});
