import { container } from '../container.ts';
import { countkeysinslot } from './countkeysinslot.ts';
import { fixedTopology } from './fixed-topology.ts';
import { getkeysinslot } from './getkeysinslot.ts';
import { info } from './info.ts';
import { keyslot } from './keyslot.ts';
import { links } from './links.ts';
import { myid } from './myid.ts';
import { nodes } from './nodes.ts';
import { countFailureReports, replicas, slaves } from './replicas.ts';
import { setslot } from './setslot.ts';
import { shards } from './shards.ts';
import { slots } from './slots.ts';

export const cluster = container(
  { name: 'cluster', group: 'cluster', since: '3.0.0', summary: 'Tells about nodes and hash slots' },
  [
    ...[countFailureReports, countkeysinslot, getkeysinslot, info, keyslot, links, myid, nodes],
    ...[replicas, setslot, shards, slaves, slots, ...fixedTopology],
  ],
);
