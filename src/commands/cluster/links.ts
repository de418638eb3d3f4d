import { clusterSubcommand } from './cluster-subcommand.ts';

export const links = clusterSubcommand('links', {
  arity: 2,
  since: '7.0.0',
  summary: 'Returns none: nodes do not talk to each other, the topology comes from the configuration',
  syntax: '',
  run: () => [],
});
