import calculateSlot from 'cluster-key-slot';
import { expect, test } from 'vitest';
import { SlotMap } from '../../cluster/slot-map.ts';
import { startNode } from '../support/node.ts';
import { useSharedNode } from '../support/shared-node.ts';

const NODES = [
  { name: 'here', host: '127.0.0.1', port: 7001, slots: ['0-8191'] },
  { name: 'there', host: '127.0.0.1', port: 7002, slots: ['8192-16383'] },
];
const shared = useSharedNode(() => startNode({}, 0, { slots: new SlotMap(NODES, 'here') }));

const [mine, alsoMine] = ['{b}1', '{b}2'];
const theirs = 'a';

test('the channels of this test lie where it says', () => {
  expect(calculateSlot(mine)).toBeLessThan(8192);
  expect(calculateSlot(theirs)).toBeGreaterThanOrEqual(8192);
});

test.each([
  ['SSUBSCRIBE', [theirs]],
  ['SPUBLISH', [theirs, 'message']],
  ['SUNSUBSCRIBE', [theirs]],
])('%s of a channel of another node is sent there', async (name, args) => {
  const client = await shared.connectTyped();
  expect(await client.send(name, ...args)).toBe(`-MOVED ${calculateSlot(theirs)} 127.0.0.1:7002`);
});

test('shard channels of one SSUBSCRIBE belong to one slot', async () => {
  const client = await shared.connectTyped();
  expect(await client.send('SSUBSCRIBE', mine, theirs)).toBe(
    "-CROSSSLOT Keys in request don't hash to the same slot",
  );
  expect(await client.send('SSUBSCRIBE', mine, alsoMine)).toEqual(['$ssubscribe', `$${mine}`, ':1']);
  expect(await client.reply()).toEqual(['$ssubscribe', `$${alsoMine}`, ':2']);
  const publisher = await shared.connectTyped();
  expect(await publisher.send('SPUBLISH', alsoMine, 'x')).toBe(':1');
  expect(await client.reply()).toEqual(['$smessage', `$${alsoMine}`, '$x']);
});

test('a shard channel of a migrating slot is still served here, unlike a missing key', async () => {
  const slots = shared.node.context.slots as SlotMap;
  const slot = calculateSlot(mine);
  slots.setMigrating(slot, slots.nodes[1]?.id as string);
  const client = await shared.connectTyped();
  expect(await client.send('GET', mine)).toBe(`-ASK ${slot} 127.0.0.1:7002`);
  expect(await client.send('SPUBLISH', mine, 'x')).toBe(':0');
  slots.setStable(slot);
});

test('other channels belong to no slot', async () => {
  const client = await shared.connectTyped();
  expect(await client.send('SUBSCRIBE', mine, theirs)).toEqual(['$subscribe', `$${mine}`, ':1']);
  expect(await client.reply()).toEqual(['$subscribe', `$${theirs}`, ':2']);
});

test.each([
  [['REPLICAOF', 'NO', 'ONE'], '-ERR REPLICAOF not allowed in cluster mode.'],
  [['SWAPDB', '0', '1'], '-ERR SWAPDB is not allowed in cluster mode'],
  [['MOVE', mine, '1'], '-ERR MOVE is not allowed in cluster mode'],
  [['FAILOVER'], '-ERR FAILOVER not allowed in cluster mode. Use CLUSTER FAILOVER command instead.'],
  [['CLUSTER', 'COUNTKEYSINSLOT', '99999'], '-ERR Invalid slot'],
  [['CLUSTER', 'COUNTKEYSINSLOT', 'x'], '-ERR value is not an integer or out of range'],
  [['CLUSTER', 'GETKEYSINSLOT', '1', '-1'], '-ERR Invalid slot or number of keys'],
  [['CLUSTER', 'KEYSLOT'], "-ERR wrong number of arguments for 'cluster|keyslot' command"],
  [['CLUSTER', 'REPLICAS', 'x'], '-ERR Unknown node x'],
  [
    ['CLUSTER', 'MEET', 'a', '1'],
    '-ERR CLUSTER MEET is not available: the topology is fixed by cluster.config.json',
  ],
  [['CLUSTER', 'nope'], "-ERR unknown subcommand 'nope'. Try CLUSTER HELP."],
])('%j is refused', async (command, reply) => {
  const client = await shared.connectTyped();
  expect(await client.send(...command)).toBe(reply);
});
