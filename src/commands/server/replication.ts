import { errors } from '../../errors.ts';
import { OK } from '../../protocol/reply.ts';
import { integerAt, keywordAt } from '../arguments.ts';
import type { Command } from '../command.ts';

export const role: Command = {
  name: 'role',
  arity: 1,
  flags: ['noscript', 'loading', 'stale', 'fast'],
  group: 'server',
  since: '2.8.12',
  summary: 'Tells that this node is a master without replicas',
  syntax: '',
  run: () => ['master', 0, []],
};

export const replicaof: Command = {
  name: 'replicaof',
  arity: 3,
  flags: ['admin', 'noscript', 'stale', 'no_async_loading'],
  group: 'server',
  since: '5.0.0',
  summary: 'Takes NO ONE only: this engine has no replicas',
  syntax: 'host port | NO ONE',
  run({ node }, args) {
    if (node.slots !== null) throw errors.replicaofInCluster();
    if (keywordAt(args, 1) === 'NO' && keywordAt(args, 2) === 'ONE') return OK;
    const port = integerAt(args, 2);
    if (port === undefined || port < 0 || port > 65_535) throw errors.invalidMasterPort();
    throw errors.noReplication();
  },
};

export const slaveof: Command = { ...replicaof, name: 'slaveof', since: '1.0.0' };

export const failover: Command = {
  name: 'failover',
  arity: -1,
  flags: ['admin', 'noscript', 'stale'],
  group: 'server',
  since: '6.2.0',
  summary: 'Refused: this engine has no replicas',
  syntax: '[TO host port [FORCE]] [ABORT] [TIMEOUT milliseconds]',
  run({ node }, args) {
    if (node.slots !== null) throw errors.failoverInCluster();
    if (args.length === 2 && keywordAt(args, 1) === 'ABORT') throw errors.noFailover();
    for (let i = 1; i < args.length; i++) {
      const option = keywordAt(args, i);
      if (option === 'TO' && i + 2 < args.length) i += 2;
      else if (option === 'TIMEOUT' && i + 1 < args.length) i += 1;
      else if (option !== 'FORCE') throw errors.syntax();
    }
    throw errors.noReplicas();
  },
};
