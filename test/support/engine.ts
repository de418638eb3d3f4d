import type { TesseraNode } from '../../src/node.ts';
import { parseUpstream } from '../../src/upstream/upstream-address.ts';
import { startNode } from './node.ts';
import { startRedis } from './redis-server.ts';

/** Where the nodes of this run have their keys: suites of native commands run once for each. */
export const engine: 'embedded' | 'redis' =
  process.env.TESSERA_TEST_ENGINE === 'redis' ? 'redis' : 'embedded';

/** Why a test is not for nodes before a Redis. To be given to `test.skipIf`: the reason is for the reader. */
export function onRedis(_reason: string): boolean {
  return engine === 'redis';
}

/** A node of this run's engine. */
export const startEngineNode = engine === 'embedded' ? startNode : startNodeBeforeRedis;

/** A node before a Redis of its own, which ends with it. */
export async function startNodeBeforeRedis(
  ...[devices, maxmemory, others]: Parameters<typeof startNode>
): Promise<TesseraNode> {
  const redis = await startRedis();
  const address = parseUpstream(`127.0.0.1:${redis.port}`);
  const node = await startNode(devices, maxmemory, { ...others, redis: { address } });
  const close = node.close.bind(node);
  node.close = async () => {
    await close();
    await redis.stop();
  };
  return node;
}
