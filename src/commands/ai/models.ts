import { BACKEND_NAMES, type BackendName, type StoredModel } from '../../backends/model.ts';
import { errors } from '../../errors.ts';
import type { KeyName, Keyspace, StoredValue } from '../../keyspace/keyspace.ts';

/** @throws ServerError when the key is absent or holds something else. */
export function readModel(keyspace: Keyspace, key: KeyName): StoredModel {
  return modelIn(keyspace.get(key));
}

/** @throws ServerError when there is no value, or another one. */
export function modelIn(value: StoredValue | undefined): StoredModel {
  if (value === undefined) throw errors.emptyModelKey();
  if (value.type !== 'model') throw errors.wrongType();
  return value.model;
}

/** @throws ServerError when there is no such backend. */
export function parseBackend(name: string): BackendName {
  const found = BACKEND_NAMES.find((backend) => backend === name.toUpperCase());
  if (found === undefined) throw errors.unsupportedBackend();
  return found;
}

/** @throws ServerError where a model has other numbers of inputs or outputs than these. */
export function checkCounts(model: StoredModel, inputs: number, outputs: number): void {
  if (inputs !== model.inputs.length) throw errors.inputsMismatchModel();
  if (outputs !== model.outputs.length) throw errors.outputsMismatchModel();
}
