import type { OpDefinition, OpFamily } from '../op-registry.ts';
import { activations } from './activations.ts';
import { arithmetic } from './arithmetic.ts';
import { basics } from './basics.ts';
import { combining } from './combining.ts';
import { comparisons } from './comparisons.ts';
import { counting } from './counting.ts';
import { creation } from './creation.ts';
import { diagonals } from './diagonals.ts';
import { functions } from './functions.ts';
import { indexing } from './indexing.ts';
import { linearAlgebra } from './linear-algebra.ts';
import { matrices } from './matrices.ts';
import { movement } from './movement.ts';
import { normalization } from './normalization.ts';
import { ordering } from './ordering.ts';
import { pieces } from './pieces.ts';
import { products } from './products.ts';
import { randoms } from './random.ts';
import { recurrent } from './recurrent.ts';
import { reductions } from './reductions.ts';
import { scans } from './scans.ts';
import { scattering } from './scatter.ts';
import { shapes } from './shapes.ts';
import { spatial } from './spatial.ts';
import { specialFunctions } from './special-functions.ts';
import { transformers } from './transformers.ts';
import { windowFunctions } from './windows.ts';

export const FAMILIES: readonly OpFamily[] = [
  ...[basics, creation, windowFunctions, randoms, shapes, pieces, diagonals, movement, combining],
  ...[indexing, scattering],
  ...[arithmetic, functions, specialFunctions],
  ...[comparisons, reductions, scans, ordering, counting],
  ...[activations, matrices, products, linearAlgebra, spatial, normalization, recurrent, transformers],
];

/** All overloads by qualified name, in the order in which they are tried. */
export const OPS: ReadonlyMap<string, readonly OpDefinition[]> = Map.groupBy(
  FAMILIES.flatMap(({ ops }) => ops),
  ({ schema }) => schema.name,
);
