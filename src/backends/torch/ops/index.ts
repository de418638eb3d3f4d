import type { OpDefinition, OpFamily } from '../op-registry.ts';
import { activations } from './activations.ts';
import { arithmetic } from './arithmetic.ts';
import { basics } from './basics.ts';
import { comparisons } from './comparisons.ts';
import { coreAten } from './core-aten.ts';
import { creation } from './creation.ts';
import { indexing } from './indexing.ts';
import { matrices } from './matrices.ts';
import { movement } from './movement.ts';
import { nativeNorms } from './native-norms.ts';
import { normalization } from './normalization.ts';
import { recurrent } from './recurrent.ts';
import { reductions } from './reductions.ts';
import { shapes } from './shapes.ts';
import { spatial } from './spatial.ts';
import { transformers } from './transformers.ts';

export const FAMILIES: readonly OpFamily[] = [
  ...[basics, creation, shapes, movement, indexing, arithmetic, comparisons, reductions],
  ...[activations, matrices, spatial, normalization, recurrent, transformers],
  ...[coreAten, nativeNorms],
];

/** All overloads by qualified name, in the order in which they are tried. */
export const OPS: ReadonlyMap<string, readonly OpDefinition[]> = Map.groupBy(
  FAMILIES.flatMap(({ ops }) => ops),
  ({ schema }) => schema.name,
);
