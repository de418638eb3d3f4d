import { nextModelId } from '../../backends/model-id.ts';
import { newScript } from '../../backends/script.ts';
import { newExperiment } from '../../experiments/experiment.ts';
import type { StoredValue } from '../keyspace.ts';
import type { DumpedValue } from './value-codec.ts';

/** A value that was read back, to be put under a key. A model gets an id of its own, and a session when it is first used. */
export function liveValue(dumped: DumpedValue): StoredValue {
  if (dumped.type === 'model') {
    const statistics = { durationUs: 0, samples: 0, calls: 0, errors: 0 };
    return { type: 'model', model: { ...dumped.model, id: nextModelId(), statistics } };
  }
  if (dumped.type === 'script') return { type: 'script', script: newScript(dumped.script) };
  if (dumped.type === 'experiment')
    return { type: 'experiment', experiment: newExperiment(dumped.experiment) };
  return dumped;
}
