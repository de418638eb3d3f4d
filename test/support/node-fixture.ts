import { afterEach } from 'vitest';
import type { TesseraNode } from '../../src/node.ts';
import { startNode } from './node.ts';
import { RespClient } from './resp-client.ts';

export interface NodeFixture {
  /** Of the test that runs now. */
  readonly node: TesseraNode;
  /** Starts this test's node and gives a first client. */
  start(...settings: Parameters<typeof startNode>): Promise<RespClient>;
  connect(): Promise<RespClient>;
}

/** A node for each test of a file, closed with its clients when the test ends. */
export function nodeFixture(): NodeFixture {
  let node: TesseraNode | undefined;
  const clients: RespClient[] = [];
  const running = (): TesseraNode => {
    if (node === undefined) throw new Error('start() comes first');
    return node;
  };
  const connect = async (): Promise<RespClient> => {
    const client = await RespClient.connect(running().port);
    clients.push(client);
    return client;
  };
  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    await node?.close();
    node = undefined;
  });
  return {
    get node() {
      return running();
    },
    async start(...settings) {
      node = await startNode(...settings);
      return connect();
    },
    connect,
  };
}
