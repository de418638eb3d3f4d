import { nextModelId } from '../../backends/model-id.ts';
import type { StoredValue } from '../keyspace.ts';
import type { DumpedValue } from './value-codec.ts';

/** A value that was read back, to be put under a key. A model gets an id of its own, and a session when it is first used. */
export function liveValue(dumped: DumpedValue): StoredValue {
  const statistics = { durationUs: 0, samples: 0, calls: 0, errors: 0 };
  if (dumped.type === 'model') {
    return { type: 'model', model: { ...dumped.model, id: nextModelId(), statistics } };
  }
  if (dumped.type === 'script') {
    return { type: 'script', script: { ...dumped.script, id: nextModelId(), statistics } };
  }
  return dumped;
}
