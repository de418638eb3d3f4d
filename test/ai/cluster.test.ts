import calculateSlot from 'cluster-key-slot';
import { expect } from 'vitest';
import { startCluster } from '../support/cluster.ts';
import { aiContract } from './contract.ts';

aiContract('a cluster of three nodes', async () => {
  const cluster = await startCluster();
  return {
    portOf: (key) => cluster.ports[Math.floor(calculateSlot(key) / 5461)] as number,
    stop: async () => expect(await cluster.stop()).toBe(0),
  };
});
