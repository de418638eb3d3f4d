import type { RunStatistics } from '../../backends/model.ts';
import { errors } from '../../errors.ts';
import type { StoredValue } from '../../keyspace/keyspace.ts';
import { OK, type Reply } from '../../protocol/reply.ts';
import { keyAt, keywordAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { ownKey, READ } from './key-specs.ts';

interface Described {
  readonly type: 'MODEL' | 'SCRIPT';
  readonly backend: string;
  readonly device: string;
  readonly tag: Uint8Array;
  readonly statistics: RunStatistics;
  /** -1 for scripts: they have no rows to count. */
  readonly samples: number;
}

export const aiInfo: Command = {
  name: 'ai.info',
  arity: -2,
  flags: ['readonly', 'module'],
  keys: { first: 1, last: 1, step: 1 },
  keySpecs: [ownKey(READ)],
  group: 'ai',
  summary: 'Returns or resets the run statistics of a model or script on this node',
  syntax: 'key [RESETSTAT]',
  run({ node }, args): Reply {
    const key = keyAt(args, 1);
    const found = describe(node.keyspace.get(key));
    const { statistics } = found;
    if (keywordAt(args, 2) === 'RESETSTAT') {
      Object.assign(statistics, { durationUs: 0, samples: 0, calls: 0, errors: 0 });
      return OK;
    }
    return [
      ...['key', Buffer.from(key, 'latin1'), 'type', found.type, 'backend', found.backend],
      ...['device', found.device, 'tag', found.tag, 'duration', statistics.durationUs],
      ...['samples', found.samples, 'calls', statistics.calls, 'errors', statistics.errors],
    ];
  },
};

function describe(value: StoredValue | undefined): Described {
  if (value?.type === 'model')
    return { ...value.model, type: 'MODEL', samples: value.model.statistics.samples };
  if (value?.type === 'script') return { ...value.script, type: 'SCRIPT', backend: 'TORCH', samples: -1 };
  throw errors.emptyRunInfo();
}
