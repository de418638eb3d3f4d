import type { Command } from 'commander';
import { type NodeAddress, resolveNode } from './address.ts';

/** What every command that connects takes. */
export interface ConnectionFlags {
  readonly url?: string;
  readonly user?: string;
  readonly tls: boolean;
  readonly cacert?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly insecure: boolean;
  readonly config: string;
}

const DEFAULT_URL = '127.0.0.1:6379';

export function addConnectionOptions(command: Command): Command {
  return command
    .optionsGroup('Connection:')
    .option(
      '-u, --url <where>',
      // Not commander's default: help would show the password in it.
      `redis(s)://user:password@host:port, host:port or the name of a node in the cluster file (TESSERA_URL, else ${DEFAULT_URL})`,
    )
    .option('--user <name>', 'with the password in TESSERA_PASSWORD or REDISCLI_AUTH')
    .option('--tls', 'a TLS connection', false)
    .option('--cacert <file>', 'the authority that signed the certificate of the server')
    .option('--cert <file>', 'a certificate of our own')
    .option('--key <file>', 'its key')
    .option('--insecure', 'take any certificate of the server', false)
    .option('--config <file>', 'the cluster file', 'cluster.config.json');
}

/** @throws Error that says what is wrong with the address. */
export function addressFrom({ url, ...flags }: ConnectionFlags): NodeAddress {
  return resolveNode(url ?? (process.env.TESSERA_URL || DEFAULT_URL), { ...flags, environment: process.env });
}
