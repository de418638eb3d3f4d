import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import type { TesseraNode } from '../../src/node.ts';
import { startEngineNode } from './engine.ts';
import { RespClient } from './resp-client.ts';
import { TypedClient } from './typed-client.ts';

export interface SharedNode {
  readonly node: TesseraNode;
  /** RESP2, replies as plain values. */
  connect(): Promise<RespClient>;
  /** RESP2 or RESP3, replies with their types. */
  connectTyped(): Promise<TypedClient>;
}

/** One node for all tests around the call, empty before each of them; the clients of a test are closed after it. */
export function useSharedNode(start: () => Promise<TesseraNode> = startEngineNode): SharedNode {
  let node: TesseraNode;
  const clients: { close(): void }[] = [];
  const kept = <C extends { close(): void }>(client: C): C => {
    clients.push(client);
    return client;
  };
  beforeAll(async () => {
    node = await start();
  });
  beforeEach(async () => {
    if (node.context.upstream === null) node.context.keyspace.clear();
    else await emptyRedis(node.port);
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    // The next test counts only its own clients, also after one that failed.
    for (const session of node.context.clients.values()) session.kill();
    while (node.context.clients.size > 0) await new Promise((resolve) => setImmediate(resolve));
  });
  afterAll(() => node.close());
  return {
    get node() {
      return node;
    },
    connect: async () => kept(await RespClient.connect(node.port)),
    connectTyped: async () => kept(await TypedClient.connect(node.port)),
  };
}

/** Keys, functions and scripts go; so does what was counted. */
async function emptyRedis(port: number): Promise<void> {
  const client = await RespClient.connect(port);
  const commands = ['FLUSHALL', 'FUNCTION FLUSH', 'SCRIPT FLUSH', 'CONFIG RESETSTAT'];
  await Promise.all(commands.map((command) => client.send(...(command.split(' ') as [string]))));
  client.close();
}
