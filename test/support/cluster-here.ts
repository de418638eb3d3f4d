import { nodeId, SlotMap } from '../../cluster/slot-map.ts';
import type { TesseraNode } from '../../src/node.ts';
import { freePorts, THIRDS } from './cluster.ts';
import { startNode } from './node.ts';

export interface ClusterHere {
  readonly ports: readonly number[];
  /** Ends one of them, as `ports` counts. */
  stopNode(index: number): Promise<void>;
  stop(): Promise<void>;
}

/** The three nodes of `startCluster` within this process, which start at once: for tests that need no processes of their own. */
export async function startClusterHere(): Promise<ClusterHere> {
  const ports = await freePorts(3);
  const places = ports.map((port, i) => ({
    name: `node-${i + 1}`,
    host: '127.0.0.1',
    port,
    slots: [THIRDS[i] as string],
  }));
  const nodes = await Promise.all(
    places.map(({ name, port }) =>
      startNode({}, 0, { name, port, id: nodeId(name), slots: new SlotMap(places, name) }),
    ),
  );
  const closed = new Set<TesseraNode>();
  const close = async (node: TesseraNode) => {
    if (closed.has(node)) return;
    closed.add(node);
    await node.close();
  };
  return {
    ports,
    stopNode: (index) => close(nodes[index] as TesseraNode),
    async stop() {
      await Promise.all(nodes.map(close));
    },
  };
}
