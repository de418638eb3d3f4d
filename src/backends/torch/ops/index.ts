import type { OpDefinition, OpFamily } from '../op-registry.ts';
import { activations } from './activations.ts';
import { arithmetic } from './arithmetic.ts';
import { basics } from './basics.ts';
import { blocks } from './blocks.ts';
import { combining } from './combining.ts';
import { comparisons } from './comparisons.ts';
import { convolutions } from './convolutions.ts';
import { coreAten } from './core-aten.ts';
import { counting } from './counting.ts';
import { creation } from './creation.ts';
import { detection } from './detection.ts';
import { diagonals } from './diagonals.ts';
import { embeddings } from './embeddings.ts';
import { functions } from './functions.ts';
import { indexing } from './indexing.ts';
import { linearAlgebra } from './linear-algebra.ts';
import { losses } from './losses.ts';
import { matrices } from './matrices.ts';
import { movement } from './movement.ts';
import { nativeNorms } from './native-norms.ts';
import { normalization } from './normalization.ts';
import { ordering } from './ordering.ts';
import { padding } from './padding.ts';
import { pieces } from './pieces.ts';
import { pools } from './pools.ts';
import { products } from './products.ts';
import { randoms } from './random.ts';
import { recurrent } from './recurrent.ts';
import { reductions } from './reductions.ts';
import { resizing } from './resizing.ts';
import { scans } from './scans.ts';
import { scattering } from './scatter.ts';
import { shapes } from './shapes.ts';
import { specialFunctions } from './special-functions.ts';
import { spectra } from './spectra.ts';
import { transformers } from './transformers.ts';
import { windowFunctions } from './windows.ts';

export const FAMILIES: readonly OpFamily[] = [
  ...[basics, creation, windowFunctions, randoms, shapes, pieces, diagonals, movement, combining],
  ...[indexing, scattering],
  ...[arithmetic, functions, specialFunctions],
  ...[comparisons, reductions, scans, ordering, counting],
  ...[
    activations,
    matrices,
    products,
    linearAlgebra,
    convolutions,
    pools,
    resizing,
    blocks,
    padding,
    spectra,
  ],
  ...[normalization, embeddings, recurrent, transformers, losses, detection],
  ...[coreAten, nativeNorms],
];

/** All overloads by qualified name, in the order in which they are tried. */
export const OPS: ReadonlyMap<string, readonly OpDefinition[]> = Map.groupBy(
  FAMILIES.flatMap(({ ops }) => ops),
  ({ schema }) => schema.name,
);
