import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import type { TesseraNode } from '../../src/node.ts';
import { startNode } from './node.ts';
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
export function useSharedNode(start: () => Promise<TesseraNode> = startNode): SharedNode {
  let node: TesseraNode;
  const clients: { close(): void }[] = [];
  const kept = <C extends { close(): void }>(client: C): C => {
    clients.push(client);
    return client;
  };
  beforeAll(async () => {
    node = await start();
  });
  beforeEach(() => node.context.keyspace.clear());
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
