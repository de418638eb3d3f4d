import { startCluster } from './cluster.ts';
import { engine } from './engine.ts';
import { startRedisNodes } from './redis-nodes.ts';

export interface EngineCluster {
  readonly ports: readonly number[];
  /** @returns 0 where all went as it should. */
  stop(): Promise<number | null>;
}

/** Three nodes with a third of the slots each, of this run's engine. */
export async function startEngineCluster(): Promise<EngineCluster> {
  if (engine === 'embedded') return startCluster();
  const cluster = await startRedisNodes(3);
  return {
    ports: cluster.ports,
    async stop() {
      await cluster.stop();
      return 0;
    },
  };
}
