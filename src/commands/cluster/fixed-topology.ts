import { errors } from '../../errors.ts';
import type { Command } from '../command.ts';
import { CHANGES_TOPOLOGY, clusterSubcommand } from './cluster-subcommand.ts';

/** What changes the topology in Redis, with its arity: all refused, the topology comes from the configuration. */
const REFUSED: readonly (readonly [string, number, string])[] = [
  ['addslots', -3, 'slot [slot ...]'],
  ['addslotsrange', -4, 'start end [start end ...]'],
  ['bumpepoch', 2, ''],
  ['delslots', -3, 'slot [slot ...]'],
  ['delslotsrange', -4, 'start end [start end ...]'],
  ['failover', -2, '[FORCE | TAKEOVER]'],
  ['flushslots', 2, ''],
  ['forget', 3, 'id'],
  ['meet', -4, 'ip port [bus-port]'],
  ['replicate', 3, 'id'],
  ['reset', -2, '[HARD | SOFT]'],
  ['saveconfig', 2, ''],
  ['set-config-epoch', 3, 'epoch'],
];

export const fixedTopology: readonly Command[] = REFUSED.map(([name, arity, syntax]) =>
  clusterSubcommand(name, {
    arity,
    flags: name === 'reset' ? ['admin', 'noscript', 'stale'] : CHANGES_TOPOLOGY,
    since: name.endsWith('range') ? '7.0.0' : '3.0.0',
    summary: 'Refused: the topology is fixed by the configuration',
    syntax,
    run() {
      throw errors.fixedTopology(name);
    },
  }),
);
