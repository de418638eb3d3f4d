import slotOf from 'cluster-key-slot';
import type { StoredModel } from '../../backends/model.ts';
import { errors } from '../../errors.ts';
import type { Servable } from '../../experiments/experiments.ts';
import type { KeyName, Keyspace } from '../../keyspace/keyspace.ts';
import type { NodeContext } from '../../node-context.ts';
import { shown } from '../../protocol/latin1.ts';
import { modelIn } from './models.ts';

/** What AI.MODELEXECUTE runs under a key: a model, or an experiment. @throws ServerError when there is neither, or no model to answer. */
export function readServable(node: NodeContext, keyspace: Keyspace, key: KeyName): Servable {
  const value = keyspace.get(key);
  if (value?.type === 'experiment') {
    return node.experiments.serve(key, value.experiment, (arm) => readArm(node, keyspace, arm), keyspace);
  }
  const model = modelIn(value);
  const device = node.devices.get(model.device, model.backend);
  return { model, run: (inputs, limit, options) => device.run(key, model, inputs, limit, options) };
}

/** The model that what runs under a key is called like: of an experiment its primary. @throws ServerError when there is none. */
export function readCallee(node: NodeContext, keyspace: Keyspace, key: KeyName): StoredModel {
  const value = keyspace.get(key);
  if (value?.type !== 'experiment') return modelIn(value);
  const [primary] = value.experiment.arms;
  return readArm(node, keyspace, primary?.key ?? key);
}

/** Reads a model of an experiment. @throws ServerError with its key where there is none. */
export function readArm({ slots }: NodeContext, keyspace: Keyspace, key: KeyName): StoredModel {
  const value = keyspace.get(key);
  if (value?.type === 'model') return value.model;
  if (value !== undefined) throw errors.armWrongType(shown(key));
  const slot = slots === null ? -1 : slotOf(Buffer.from(key, 'latin1'));
  // It has gone before the experiment, or comes behind it.
  if (slots?.migratingTo(slot) !== undefined || slots?.importingFrom(slot) !== undefined)
    throw errors.tryAgain();
  throw errors.armEmpty(shown(key));
}
