import path from 'node:path';
import { z } from 'zod';
import type { AccessOptions } from '../src/access/access-control.ts';
import type { HttpOptions } from '../src/http/http-server.ts';
import type { UnixSocketOptions } from '../src/listeners.ts';
import type { TlsFiles, TlsOptions } from '../src/protocol/tls-options.ts';
import type { NodeSlots } from './slot-map.ts';

const file = z.string().min(1);
const anyPort = z.int().min(0).max(65_535);

/** Redis's names, for all nodes at the top of the file or for one node; the node's own come first. */
export const sharedAccessFields = {
  /** Password of the default user. The environment's TESSERA_REQUIREPASS comes before it. */
  requirepass: z.string().optional(),
  aclfile: file.optional(),
  'protected-mode': z.enum(['yes', 'no']).optional(),
  'tls-cert-file': file.optional(),
  'tls-key-file': file.optional(),
  'tls-ca-cert-file': file.optional(),
  'tls-auth-clients': z.enum(['no', 'yes', 'optional']).optional(),
};

/** Where one node listens, and what it tells clients of that. */
export const nodeAccessFields = {
  ...sharedAccessFields,
  /** One address or several; `0.0.0.0` and `::` stand for all of this machine. */
  host: z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]),
  /** 0: no plain connections. */
  port: anyPort,
  /** 0: no TLS. */
  'tls-port': anyPort.default(0),
  /** For monitoring over HTTP; 0: none. */
  'http-port': anyPort.default(0),
  /** Where that listens: whoever can reach it can read. */
  'http-host': z.string().min(1).default('127.0.0.1'),
  /** Whether models can be run over it, by the Open Inference Protocol. */
  'http-inference': z.enum(['yes', 'no']).default('no'),
  unixsocket: file.optional(),
  /** File mode in octal, such as "770". */
  unixsocketperm: z
    .string()
    .regex(/^[0-7]{3,4}$/, 'a file mode in octal, such as "770"')
    .optional(),
  /** The address that clients reach the node at, where it is not the one that it listens on. */
  'announce-host': z.string().min(1).optional(),
  'announce-port': anyPort.min(1).optional(),
  'announce-tls-port': anyPort.min(1).optional(),
};

type SharedAccess = z.infer<z.ZodObject<typeof sharedAccessFields>>;
export type NodeAccess = z.infer<z.ZodObject<typeof nodeAccessFields>>;

const WILDCARDS = new Set(['0.0.0.0', '::', '*', '::*']);

export function hostsOf(node: Pick<NodeAccess, 'host'>): readonly string[] {
  return typeof node.host === 'string' ? [node.host] : node.host;
}

/** Where clients reach the node, as CLUSTER SLOTS and MOVED tell; host is undefined when only wildcards are known. Port 0: none. */
export function announcedAddress(node: NodeAccess): {
  host: string | undefined;
  port: number;
  tlsPort: number;
} {
  const tlsPort = node['tls-port'];
  return {
    host:
      node['announce-host'] ??
      hostsOf(node)
        .find((host) => !WILDCARDS.has(host.replace(/^-/, '')))
        ?.replace(/^-/, ''),
    port: node.port === 0 ? 0 : (node['announce-port'] ?? node.port),
    tlsPort: tlsPort === 0 ? 0 : (node['announce-tls-port'] ?? tlsPort),
  };
}

function urlHost(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** The nodes as they are told to clients. */
export function announcedNodes(
  nodes: readonly (NodeAccess & Pick<NodeSlots, 'name' | 'slots'>)[],
): NodeSlots[] {
  return nodes.map((node) => {
    const { host = '', port, tlsPort } = announcedAddress(node);
    const http = node['http-port'] === 0 ? null : urlHost(node['http-host'], node['http-port']);
    return { name: node.name, host, port, tlsPort, http, slots: node.slots };
  });
}

/**
 * Checks settings that were given in another way than by the file.
 * @throws Error naming the setting and the reason.
 */
export function parseNodeAccess(settings: Record<string, unknown>): NodeAccess {
  const parsed = z.object(nodeAccessFields).safeParse(settings);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Error(`${issue?.path.join('.')}: ${issue?.message}`);
}

/** What a node is made with. File names are relative to the folder. */
export function accessSettings(
  shared: SharedAccess,
  node: NodeAccess,
  folder: string,
): {
  host: readonly string[];
  port: number | null;
  access: AccessOptions;
  tls: TlsOptions | undefined;
  unixSocket: UnixSocketOptions | undefined;
  http: HttpOptions | undefined;
} {
  const at = (name: string | undefined) => (name === undefined ? '' : path.resolve(folder, name));
  const setting = <K extends keyof SharedAccess>(name: K) => node[name] ?? shared[name];
  const authClients = setting('tls-auth-clients') ?? 'yes';
  const tlsPort = node['tls-port'];
  return {
    host: hostsOf(node),
    port: node.port === 0 ? null : node.port,
    access: {
      requirepass: setting('requirepass'),
      aclfile: at(setting('aclfile')),
      protectedMode: setting('protected-mode') !== 'no',
    },
    tls: tlsPort === 0 ? undefined : { port: tlsPort, files: tlsFiles(shared, node, folder), authClients },
    unixSocket:
      node.unixsocket === undefined ? undefined : unixSocket(at(node.unixsocket), node.unixsocketperm),
    http:
      node['http-port'] === 0
        ? undefined
        : {
            host: node['http-host'],
            port: node['http-port'],
            inference: node['http-inference'] === 'yes',
          },
  };
}

/** The node's certificate, its key and the authorities that it trusts, for connections in both directions. */
export function tlsFiles(shared: SharedAccess, node: NodeAccess, folder: string): TlsFiles {
  const at = (name: 'tls-cert-file' | 'tls-key-file' | 'tls-ca-cert-file') => {
    const file = node[name] ?? shared[name];
    return file === undefined ? '' : path.resolve(folder, file);
  };
  return {
    certFile: at('tls-cert-file'),
    keyFile: at('tls-key-file'),
    caCertFile: at('tls-ca-cert-file'),
  };
}

function unixSocket(socketPath: string, mode: string | undefined): UnixSocketOptions {
  return { path: socketPath, mode: mode === undefined ? null : Number.parseInt(mode, 8) };
}
