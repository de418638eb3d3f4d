import { describe } from 'vitest';
import { parseUpstream } from '../../src/upstream/upstream-address.ts';
import { startNode } from '../support/node.ts';
import { noRedis, startRedis } from '../support/redis-server.ts';
import { aiContract } from './contract.ts';

describe.skipIf(noRedis !== undefined)('with a real Redis', () => {
  aiContract('a node before a Redis', async () => {
    const redis = await startRedis();
    const node = await startNode({}, 0, {
      redis: { address: parseUpstream(`127.0.0.1:${redis.port}`) },
    });
    return {
      portOf: () => node.port,
      redisTypes: true,
      stop: async () => {
        await node.close();
        await redis.stop();
      },
    };
  });
});
