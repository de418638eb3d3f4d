import { afterAll, afterEach, beforeAll, beforeEach, describe, expect } from 'vitest';
import { TypedClient } from '../support/typed-client.ts';
import type { ContractContext } from './contract/context.ts';
import { dagContract } from './contract/dags.ts';
import { experimentContract } from './contract/experiments.ts';
import { keyContract } from './contract/keys.ts';
import { modelContract } from './contract/models.ts';
import { runContract } from './contract/runs.ts';
import { scriptContract } from './contract/scripts.ts';
import { tensorContract } from './contract/tensors.ts';

/** Nodes that serve, one or a cluster of them. */
export interface Topology {
  /** Where the node listens that has the key's slot. */
  portOf(key: string): number;
  stop(): Promise<void>;
  /** What TYPE answers for AI values where a Redis has them, to which they are strings. */
  readonly redisTypes?: true;
}

/** Keys with these tags lie on different nodes of a cluster of three. */
const TAGS = { 2: '{a}', 3: '{b}' } as const;

/** What the AI commands do, whatever the nodes: all of it holds for one node and for a cluster, in RESP2 and RESP3. */
export function aiContract(name: string, start: () => Promise<Topology>): void {
  describe(name, () => {
    let topology: Topology;
    beforeAll(async () => {
      topology = await start();
    });
    afterAll(() => topology.stop());

    describe.each([2, 3] as const)('RESP%i', (protocol) => {
      const clients: TypedClient[] = [];
      const key = (keyName: string) => `${keyName}${TAGS[protocol]}`;
      const connect = async () => {
        const client = await TypedClient.connect(topology.portOf(key('')));
        clients.push(client);
        if (protocol === 3) await client.send('HELLO', 3);
        return client;
      };
      const words = (text: string) =>
        text.split(' ').map((word) => (word.startsWith('@') ? key(word.slice(1)) : word));
      const context: ContractContext = {
        protocol,
        send: (text, ...rest) => (clients[0] as TypedClient).send(...words(text), ...rest),
        sendBy: (client, text, ...rest) => client.send(...words(text), ...rest),
        connect,
        typeOf: (type) => (topology.redisTypes ? '+string' : type),
        key,
        double: (text) => `${protocol === 3 ? ',' : '$'}${text}`,
        none: protocol === 3 ? '_' : null,
      };
      beforeEach(async () => {
        await connect();
        expect(await context.send('FLUSHALL')).toBe('+OK');
      });
      afterEach(() => {
        for (const client of clients.splice(0)) client.close();
      });

      tensorContract(context);
      modelContract(context);
      runContract(context);
      dagContract(context);
      scriptContract(context);
      experimentContract(context);
      keyContract(context);
    });
  });
}
