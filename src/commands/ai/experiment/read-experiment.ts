import { errors } from '../../../errors.ts';
import type { StoredExperiment } from '../../../experiments/experiment.ts';
import type { KeyName, Keyspace } from '../../../keyspace/keyspace.ts';

/** @throws ServerError when the key is absent or holds something else. */
export function readExperiment(keyspace: Keyspace, key: KeyName): StoredExperiment {
  const value = keyspace.get(key);
  if (value === undefined) throw errors.experimentEmpty();
  if (value.type !== 'experiment') throw errors.wrongType();
  return value.experiment;
}
