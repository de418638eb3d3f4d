import { startNode } from '../support/node.ts';
import { aiContract } from './contract.ts';

aiContract('one node', async () => {
  const node = await startNode();
  return { portOf: () => node.port, stop: () => node.close() };
});
