import type { Scenario } from '../scenario.ts';
import { graphLoad, modelLoad } from './model-load.ts';
import { batched, dag, modelexecute, roundtrip } from './models.ts';
import { tensorget600k, tensorset600k, tensorsetSmall } from './tensors.ts';

/** All scenarios, in the order in which they run. */
export const scenarios: readonly Scenario[] = [
  tensorsetSmall,
  tensorset600k,
  tensorget600k,
  modelexecute,
  roundtrip,
  dag,
  batched,
  modelLoad,
  graphLoad,
];
