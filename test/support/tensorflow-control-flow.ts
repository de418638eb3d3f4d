// Graphs with control flow, as TensorFlow 1 and 2 write them.

import type { Tensor } from '../../src/tensors/tensor.ts';
import {
  type Attr,
  attr,
  graphDefWith,
  open,
  type Seen,
  seen,
  TF,
  type TfNode,
  type TfType,
} from './tensorflow-graphs.ts';

/** A node; `T` is float where the attributes do not say it. */
export function node(
  op: string,
  name: string,
  input: readonly string[],
  more: Record<string, Attr> = {},
): TfNode {
  return { name, op, input, attr: { T: attr.type('float'), ...more } };
}

export const of = (dtype: TfType): Record<string, Attr> => ({ T: attr.type(dtype) });

export interface LoopSpec {
  readonly name: string;
  /** What goes round: where it comes from, and its dtype. Its value in a round is `LOOP/VARIABLE`. */
  readonly variables: Readonly<Record<string, { readonly from: string; readonly dtype?: TfType }>>;
  /** What comes in and stays. */
  readonly constants?: Readonly<Record<string, string>>;
  /** Nodes that tell whether there is another round, of `LOOP/VARIABLE/merge`; the last one is it. */
  readonly condition: readonly TfNode[];
  readonly body: readonly TfNode[];
  /** The node of the body that a variable becomes; itself where it is left out. */
  readonly next: Readonly<Record<string, string>>;
}

/** A while loop of TensorFlow 1. Its results are `LOOP/VARIABLE/exit`. */
export function frame({ name, variables, constants = {}, condition, body, next }: LoopSpec): TfNode[] {
  const frameName = { frame_name: attr.text(name) };
  const decision = `${name}/loopcond`;
  const around = Object.entries(variables).flatMap(([variable, { from, dtype = 'float' }]) => {
    const at = `${name}/${variable}`;
    return [
      node('Enter', `${at}/enter`, [from], { ...of(dtype), ...frameName }),
      node('Merge', `${at}/merge`, [`${at}/enter`, `${at}/next`], of(dtype)),
      node('Switch', `${at}/switch`, [`${at}/merge`, decision], of(dtype)),
      node('Identity', at, [`${at}/switch:1`], of(dtype)),
      node('NextIteration', `${at}/next`, [next[variable] ?? at], of(dtype)),
      node('Exit', `${at}/exit`, [`${at}/switch`], of(dtype)),
    ];
  });
  const fixed = Object.entries(constants).map(([constant, from]) =>
    node('Enter', `${name}/${constant}`, [from], { ...frameName, is_constant: attr.bool(true) }),
  );
  const last = condition.at(-1)?.name ?? '';
  return [...around, ...fixed, ...condition, node('LoopCond', decision, [last]), ...body];
}

export interface FunctionSpec {
  readonly name: string;
  readonly arguments: Readonly<Record<string, TfType>>;
  /** Results by name: `node:output:0` or an argument, with the dtype. */
  readonly results: Readonly<Record<string, readonly [string, TfType]>>;
  readonly nodes: readonly TfNode[];
}

const VARIANT = 21;

function functionDef(spec: FunctionSpec): object {
  const args = Object.entries(spec.arguments).map(([name, dtype]) => ({ name, type: TF[dtype] ?? VARIANT }));
  const outputs = Object.entries(spec.results).map(([name, [, dtype]]) => ({
    name,
    type: TF[dtype] ?? VARIANT,
  }));
  return {
    signature: { name: spec.name, inputArg: args, outputArg: outputs },
    nodeDef: spec.nodes,
    ret: Object.fromEntries(Object.entries(spec.results).map(([name, [from]]) => [name, from])),
  };
}

/** The attribute that names a function. */
export function functionNamed(name: string): Attr {
  return { func: { name } } as Attr;
}

export function graphWithFunctions(nodes: readonly TfNode[], functions: readonly FunctionSpec[]): Uint8Array {
  return graphDefWith({ node: nodes, library: { function: functions.map(functionDef) } });
}

export async function runBytes(
  blob: Uint8Array,
  feeds: Readonly<Record<string, Tensor>>,
  ...outputs: string[]
): Promise<Seen[]> {
  const session = await open(blob, Object.keys(feeds), outputs);
  try {
    return (await session.run(Object.values(feeds))).map(seen);
  } finally {
    await session.close();
  }
}
