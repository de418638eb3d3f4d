import calculateSlot from 'cluster-key-slot';
import { SlotMap } from '../../cluster/slot-map.ts';
import type { TesseraNode } from '../../src/node.ts';
import { startNode } from '../support/node.ts';

/** A node in cluster mode that has the slot of the key and no other. The rest belong to a node that is not there. */
export function startNodeOfSlot(key: string): Promise<TesseraNode> {
  const slot = calculateSlot(key);
  const nodes = [
    { name: 'test', host: '127.0.0.1', port: 0, slots: [`${slot}-${slot}`] },
    { name: 'other', host: '127.0.0.1', port: 1, slots: [`0-${slot - 1}`, `${slot + 1}-16383`] },
  ];
  return startNode({}, 0, { slots: new SlotMap(nodes, 'test') });
}
