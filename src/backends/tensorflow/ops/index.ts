import type { FunctionBody } from '../graph.ts';
import type { OpDefinition, OpFamily } from '../op-registry.ts';
import { arithmetic } from './arithmetic.ts';
import { basics } from './basics.ts';
import { blocks } from './blocks.ts';
import { colours } from './colours.ts';
import { controlFlow } from './control-flow.ts';
import { convolutions } from './convolutions.ts';
import { detection } from './detection.ts';
import { diagonals } from './diagonals.ts';
import { elementwise } from './elementwise.ts';
import { calls, functional } from './functional.ts';
import { fused } from './fused.ts';
import { matrices } from './matrices.ts';
import { normalization } from './normalization.ts';
import { quantization } from './quantization.ts';
import { randoms } from './random.ts';
import { recurrentCells } from './recurrent-cells.ts';
import { reductions } from './reductions.ts';
import { resizing } from './resizing.ts';
import { running } from './running.ts';
import { scatter } from './scatter.ts';
import { segmented } from './segments.ts';
import { sets } from './sets.ts';
import { shapes } from './shapes.ts';
import { slices } from './slices.ts';
import { strings } from './strings.ts';
import { tensorArrays } from './tensor-arrays.ts';
import { tensorLists } from './tensor-lists.ts';

/** All families, in the order of the documentation. */
export const FAMILIES: readonly OpFamily[] = [
  basics,
  arithmetic,
  elementwise,
  reductions,
  matrices,
  shapes,
  slices,
  convolutions,
  normalization,
  randoms,
  controlFlow,
  functional,
  tensorArrays,
  tensorLists,
  recurrentCells,
  scatter,
  segmented,
  sets,
  diagonals,
  running,
  resizing,
  blocks,
  colours,
  detection,
  quantization,
  fused,
  strings,
];

/** All ops that can be lowered, by TensorFlow's names. */
export const OPS: ReadonlyMap<string, OpDefinition> = new Map(
  FAMILIES.flatMap(({ ops }) => Object.entries(ops)),
);

/** How an op is lowered: one of these, or a function of the graph's library that is called by its name. */
export function definitionOf(
  op: string,
  library: ReadonlyMap<string, FunctionBody>,
): OpDefinition | undefined {
  return OPS.get(op) ?? (library.has(op) ? calls : undefined);
}
