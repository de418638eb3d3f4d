import { newExperiment } from '../../experiments/experiment.ts';
import type { StoredValue } from '../keyspace.ts';

/** The value for a second key: collections are cloned, an experiment counts for itself, what never changes is shared. */
export function copyOf(value: StoredValue): StoredValue {
  switch (value.type) {
    case 'hash':
      return { type: 'hash', hash: value.hash.clone() };
    case 'list':
      return { type: 'list', list: value.list.clone() };
    case 'set':
      return { type: 'set', set: value.set.clone() };
    case 'zset':
      return { type: 'zset', zset: value.zset.clone() };
    case 'experiment':
      return { type: 'experiment', experiment: newExperiment(value.experiment) };
    default:
      return value;
  }
}
