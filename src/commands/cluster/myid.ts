import { clusterSubcommand } from './cluster-subcommand.ts';

export const myid = clusterSubcommand('myid', {
  arity: 2,
  since: '3.0.0',
  summary: "Returns this node's id",
  syntax: '',
  run: (_, { node }) => node.id,
});
