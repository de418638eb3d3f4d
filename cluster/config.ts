import { readFileSync } from 'node:fs';
import {
  findNodeAtLocation,
  getNodeValue,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode,
} from 'jsonc-parser';
import { z } from 'zod';
import { EVICTION_POLICIES } from '../src/keyspace/eviction-policy.ts';
import { NO_ACKNOWLEDGEMENT } from '../src/upstream/acknowledgement.ts';
import { announcedAddress, hostsOf, nodeAccessFields, sharedAccessFields } from './access-config.ts';
import { formatRanges, mergeRanges, parseRange, SLOT_COUNT } from './slot-map.ts';

const NO_REPLICAS = 'the embedded engine has no replicas';

/** A configuration that cannot be used; the message names file, line and reason. */
export class ConfigError extends Error {}

/** Of the redis engine: what an AI command that writes waits for. For all nodes, or for one. */
const acknowledgementFields = {
  /** Replicas that have the write. */
  ackReplicas: z.int().min(0).max(100),
  ackTimeoutMs: z.int().min(1).max(60_000),
};

const nodeSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]*$/i, 'letters, digits and dashes only'),
  ...nodeAccessFields,
  ackReplicas: acknowledgementFields.ackReplicas.optional(),
  ackTimeoutMs: acknowledgementFields.ackTimeoutMs.optional(),
  /** Of the embedded engine; a Redis Cluster knows itself which node has which. */
  slots: z.array(z.string().regex(/^\d+(-\d+)?$/, 'a slot or a range such as 0-5460')).default([]),
  /** Of the redis engine: the node of the Redis Cluster that has the keys, by the address that the others there know it by. */
  redis: z
    .strictObject({
      host: z.string().min(1),
      port: z.int().min(1).max(65_535),
      /** A unix socket, which is quicker where both are on one machine. */
      socket: z.string().min(1).optional(),
      tls: z.boolean().default(false),
      /** As whom the node looks at it; clients log in themselves. */
      user: z.string().default(''),
      password: z.string().default(''),
    })
    .optional(),
});

const configSchema = z.strictObject({
  ...sharedAccessFields,
  engine: z.enum(['embedded', 'redis'], 'either "embedded" or "redis"'),
  nodes: z.array(nodeSchema).min(1),
  devices: z
    .strictObject({
      threadsPerQueue: z.int().min(1).max(1024).default(1),
      intraOpParallelism: z.int().min(0).max(1024).default(0),
      interOpParallelism: z.int().min(0).max(1024).default(0),
      /** Runs that may wait for a device of a node. */
      maxQueueLength: z.int().min(1).default(10_000),
      /** Bytes of the loaded models of a node; 0 for no limit. */
      backendMemoryLimit: z.int().min(0).default(0),
    })
    .prefault({}),
  ackReplicas: acknowledgementFields.ackReplicas.default(0),
  ackTimeoutMs: acknowledgementFields.ackTimeoutMs.default(NO_ACKNOWLEDGEMENT.timeoutMs),
  modelExecutionTimeoutMs: z.int().min(1000).default(5000),
  /** Bytes a node; 0 for no limit. */
  maxmemory: z.int().min(0).default(0),
  maxmemoryPolicy: z.enum(EVICTION_POLICIES).default('noeviction'),
  durability: z.enum(['always', 'everysec', 'off']).default('everysec'),
  volatileTensors: z.array(z.string()).default([]),
  warmup: z.enum(['lazy', 'eager']).default('lazy'),
});

export type ClusterConfig = z.infer<typeof configSchema>;
export type ClusterNode = ClusterConfig['nodes'][number];

/**
 * Reads and checks a configuration file.
 * @throws ConfigError naming the line and the reason.
 */
export function loadClusterConfig(path: string): ClusterConfig {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigError(`${path}: ${(error as Error).message}`);
  }
  const syntax: ParseError[] = [];
  const tree = parseTree(text, syntax, { allowTrailingComma: true });
  const fail = (where: (string | number)[], reason: string): never => {
    const offset = offsetOf(tree, where);
    const line = text.slice(0, offset).split('\n').length;
    throw new ConfigError(`${path}:${line}: ${where.join('.') || 'file'}: ${reason}`);
  };
  const [first] = syntax;
  if (tree === undefined || first !== undefined) {
    const line = text.slice(0, first?.offset ?? 0).split('\n').length;
    throw new ConfigError(
      `${path}:${line}: not JSON: ${first ? printParseErrorCode(first.error) : 'empty file'}`,
    );
  }
  const parsed = configSchema.safeParse(getNodeValue(tree));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const where = (issue?.path ?? []) as (string | number)[];
    // zod names the parent of an unknown field; the line to mend is the field's own.
    const unknown = issue?.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
    if (unknown !== undefined) return fail([...where, unknown], 'unknown field');
    return fail(where, issue?.message ?? 'invalid');
  }
  checkNodes(parsed.data, fail);
  return parsed.data;
}

function checkNodes(
  config: ClusterConfig,
  fail: (where: (string | number)[], reason: string) => never,
): void {
  const names = new Set<string>();
  const addresses = new Set<string>();
  const owner = new Array<string | undefined>(SLOT_COUNT);
  config.nodes.forEach((node, n) => {
    if (names.has(node.name)) fail(['nodes', n, 'name'], `the name ${node.name} is taken`);
    names.add(node.name);
    for (const field of ['port', 'tls-port'] as const) {
      if (node[field] === 0) continue;
      for (const host of hostsOf(node)) {
        const address = `${host}:${node[field]}`;
        if (addresses.has(address)) fail(['nodes', n, field], `the address ${address} is taken`);
        addresses.add(address);
      }
    }
    const http = `${node['http-host']}:${node['http-port']}`;
    if (node['http-port'] === 0 && node['http-inference'] === 'yes') {
      fail(['nodes', n, 'http-inference'], 'models are run over the HTTP port: http-port is needed');
    }
    if (node['http-port'] !== 0) {
      if (addresses.has(http)) fail(['nodes', n, 'http-port'], `the address ${http} is taken`);
      addresses.add(http);
    }
    if (node.port === 0 && node['tls-port'] === 0) {
      fail(['nodes', n, 'port'], 'clients of a cluster need a port: this one or tls-port has to be above 0');
    }
    if (announcedAddress(node).host === undefined) {
      fail(['nodes', n, 'host'], 'clients cannot be told to connect to a wildcard: announce-host is needed');
    }
    if (config.engine === 'redis') {
      if (node.redis === undefined)
        fail(['nodes', n], 'the redis engine needs to know its Redis: redis is missing');
      if (node.slots.length > 0) fail(['nodes', n, 'slots'], 'the Redis Cluster says which slots a node has');
    } else if ((node.ackReplicas ?? config.ackReplicas) > 0)
      fail(node.ackReplicas === undefined ? ['ackReplicas'] : ['nodes', n, 'ackReplicas'], NO_REPLICAS);
    else if (node.redis !== undefined) fail(['nodes', n, 'redis'], 'the embedded engine has no Redis');
    else if (node.slots.length === 0) fail(['nodes', n], 'slots are missing');
    node.slots.forEach((text, s) => {
      const [from, to] = parseRange(text);
      if (from > to) fail(['nodes', n, 'slots', s], `${text} is no range within 0-${SLOT_COUNT - 1}`);
      for (let slot = from; slot <= to; slot++) {
        if (owner[slot] !== undefined) {
          fail(['nodes', n, 'slots', s], `slot ${slot} already belongs to ${owner[slot]}`);
        }
        owner[slot] = node.name;
      }
    });
  });
  if (config.engine === 'redis') return;
  const missing = Array.from({ length: SLOT_COUNT }, (_, slot) => slot).filter((s) => owner[s] === undefined);
  if (missing.length > 0) {
    fail(
      ['nodes'],
      `${missing.length} slots belong to no node, the first is ${missing[0]}: ${formatRanges(mergeRanges(missing)).join(' ')}`,
    );
  }
}

/** Where the value at that path stands in the file; the nearest parent's place where it is missing. */
function offsetOf(tree: Node | undefined, where: readonly (string | number)[]): number {
  for (let length = where.length; tree !== undefined && length >= 0; length--) {
    const found = findNodeAtLocation(tree, where.slice(0, length));
    if (found !== undefined) return found.offset;
  }
  return 0;
}
