import type { KeyName, Keyspace } from '../keyspace/keyspace.ts';
import type { Logger } from '../observability/log.ts';
import type { Devices } from './devices.ts';

/** When a model that was stored earlier gets its session: when it first runs, or at the start of the node. */
export const WARM_UPS = ['lazy', 'eager'] as const;
export type WarmUp = (typeof WARM_UPS)[number];

/** Loads the models of the keyspace that are not loaded yet, one after the other, while clients are served. Those that cannot be loaded are logged. */
export async function warmUp(keyspace: Keyspace, devices: Devices, log: Logger): Promise<void> {
  const keys: KeyName[] = [...keyspace.keys()].filter((key) => keyspace.typeOf(key) === 'model');
  let loaded = 0;
  for (const key of keys) {
    try {
      const value = keyspace.peek(key);
      if (value?.type !== 'model') continue;
      const { model } = value;
      const device = devices.get(model.device, model.backend);
      if (device.sessionsOf(model.id) === 0) await device.load(model, model);
      loaded++;
    } catch (error) {
      log.warn({ err: error }, `the model ${JSON.stringify(key)} cannot be loaded`);
    }
  }
  if (keys.length > 0) log.info(`${loaded} of ${keys.length} models loaded`);
}
