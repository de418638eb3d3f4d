import { errors } from '../../../errors.ts';
import { keyAt, keywordAt, requireInteger } from '../../arguments.ts';
import type { Command } from '../../command.ts';

export const usage: Command = {
  name: 'memory|usage',
  arity: -3,
  flags: ['readonly'],
  keys: { first: 2, last: 2, step: 1 },
  group: 'server',
  since: '4.0.0',
  summary:
    'Returns the bytes of a key and its value; keys that share bytes share the count, a model counts once more for each worker that holds it',
  syntax: 'key [SAMPLES count]',
  run({ node }, args) {
    for (let i = 3; i < args.length; i += 2) {
      if (keywordAt(args, i) !== 'SAMPLES' || i + 1 >= args.length) throw errors.syntax();
      if (requireInteger(args, i + 1) < 0) throw errors.syntax();
    }
    const key = keyAt(args, 2);
    const value = node.keyspace.get(key);
    const bytes = node.keyspace.bytesOf(key);
    if (value === undefined || bytes === undefined) return null;
    if (value.type !== 'model') return bytes;
    const { device, id, blob } = value.model;
    // What a runtime makes of a model is about as large as the model.
    return bytes + node.devices.sessionsOf(device, id) * blob.byteLength;
  },
};
