import type { GraphBuilder } from '../../onnx-graph/graph-builder.ts';
import type { Value } from '../../onnx-graph/value.ts';
import { type FunctionBody, originOf } from '../graph.ts';
import { emitChoice, emitLoop, truthOf } from '../loops.ts';
import type { OpContext } from '../op-context.ts';
import { alike, defineOps, type OpDefinition } from '../op-registry.ts';
import { Scope } from '../scope.ts';

/** Lowers a function's body where it is called. */
function call(
  op: OpContext,
  name: string,
  given: readonly Value[],
  builder: GraphBuilder = op.builder,
  results?: readonly number[],
): readonly Value[] {
  const { lowering } = op.scope;
  return lowering.calling(name, (body) => {
    if (body.arguments.length !== given.length) {
      op.fail(`'${name}' takes ${body.arguments.length} arguments, not ${given.length}`);
    }
    const scope = new Scope(lowering, body, builder);
    body.arguments.forEach((argument, i) => {
      scope.setValue({ node: argument, port: 0 }, given[i] as Value);
    });
    const refs = results?.map((i) => body.results[i] ?? op.fail(`'${name}' has no result ${i}`));
    return scope.lower(refs ?? body.results);
  });
}

function functionOf(op: OpContext, attribute: string): string {
  return op.attributes.function(attribute) ?? op.fail(`its attribute ${attribute} is no function`);
}

/** The results that are the arguments themselves, in the same place. */
function isPassedOn(body: FunctionBody, index: number): boolean {
  const origin = originOf(body, body.results[index], (node) => node.op === 'Identity');
  return origin !== undefined && origin.name === body.arguments[index];
}

function lowerWhile(op: OpContext): readonly Value[] {
  const [condition, body] = [functionOf(op, 'cond'), functionOf(op, 'body')];
  const all = op.inputs;
  const function_ = op.scope.lowering.functionNamed(body);
  const carried = all.map((_, i) => i).filter((i) => !isPassedOn(function_, i));
  const withCarried = (values: readonly Value[]) => {
    const merged = [...all];
    carried.forEach((i, at) => {
      merged[i] = values[at] as Value;
    });
    return merged;
  };
  const ends = emitLoop(op.builder, {
    initial: carried.map((i) => all[i] as Value),
    condition: (into, values) =>
      truthOf(
        into,
        call(op, condition, withCarried(values), into)[0] ?? op.fail(`'${condition}' has no result`),
      ),
    body: (into, values) => call(op, body, withCarried(values), into, carried),
  });
  return withCarried(ends);
}

function lowerIf(op: OpContext): readonly Value[] {
  const given = op.inputs.slice(1);
  const branch = (attribute: string) => (into: GraphBuilder) =>
    call(op, functionOf(op, attribute), given, into);
  const decision = truthOf(op.builder, op.input(0));
  return emitChoice(op.builder, decision, branch('then_branch'), branch('else_branch'));
}

/** An index that is none of the branches' takes the last one. */
function lowerCase(op: OpContext): readonly Value[] {
  const names = op.attributes.functions();
  const given = op.inputs.slice(1);
  const from = (index: number) => (into: GraphBuilder) => {
    const name = names[index] ?? op.fail('it has no branches');
    if (index >= names.length - 1) return call(op, name, given, into);
    const isThis = into.emit('Equal', [op.input(0), into.scalar('int32', index)]);
    return emitChoice(into, isThis, (inner) => call(op, name, given, inner), from(index + 1));
  };
  return from(0)(op.builder);
}

/** A function of the library that is called as if it were an op. */
export const calls: OpDefinition = { lower: (op) => call(op, op.node.op, op.inputs) };

export const functional = defineOps('Functions', {
  ...alike(['PartitionedCall', 'StatefulPartitionedCall'], {
    limits: 'functions do not call themselves',
    lower: (op) => call(op, functionOf(op, 'f'), op.inputs),
  }),
  ...alike(['While', 'StatelessWhile'], { lower: lowerWhile }),
  ...alike(['If', 'StatelessIf'], { limits: 'a predicate that is not a text', lower: lowerIf }),
  ...alike(['Case', 'StatelessCase'], { lower: lowerCase }),
});
