import type { Command } from 'commander';

/** Commands that src/main.ts hands to their own modules before this one is read; here they are in the help. */
export function addServers(program: Command): void {
  program.commandsGroup('Servers:');
  program.command('serve').description('one node, outside cluster mode');
  program.command('start').description('the cluster of cluster.config.json, as "cluster up"');
  program.command('backup').description('writes all keys of a node that serves to an RDB file');
  program.command('restore').description('puts the keys of an RDB file into a node');
  program.commandsGroup('Commands:');
}
