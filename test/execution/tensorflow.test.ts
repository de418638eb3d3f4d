import { expect, test } from 'vitest';
import { seededRandom } from '../../scripts/onnx-builder.ts';
import { floats } from '../support/resp-client.ts';
import { useSharedNode } from '../support/shared-node.ts';
import { attr, constant, graphDef, placeholder } from '../support/tensorflow-graphs.ts';

const shared = useSharedNode();
const float = attr.type('float');

/** y = relu(x w) for x [n, 2]. */
const graph = Buffer.from(
  graphDef(
    placeholder('x', 'float', [-1, 2]),
    constant('w', 'float', [2, 2], [1, -1, 2, 0]),
    { name: 'product', op: 'MatMul', input: ['x', 'w'], attr: { T: float } },
    { name: 'y', op: 'Relu', input: ['product'], attr: { T: float } },
  ),
);
const NODES = ['INPUTS', 1, 'x', 'OUTPUTS', 1, 'y'];
const run = (from: string, to: string) => ['AI.MODELEXECUTE', 'm', 'INPUTS', 1, from, 'OUTPUTS', 1, to];

test('a graph is stored, described, run, and given back byte for byte', async () => {
  const client = await shared.connect();
  expect(await client.send('AI.MODELSTORE', 'm', 'TF', 'CPU', 'TAG', 'v1', ...NODES, 'BLOB', graph)).toBe(
    'OK',
  );
  expect(await client.send('AI.MODELGET', 'm', 'META')).toEqual([
    ...['backend', 'TF', 'device', 'CPU', 'tag', 'v1', 'batchsize', 0, 'minbatchsize', 0],
    ...['inputs', ['x'], 'outputs', ['y'], 'minbatchtimeout', 0],
  ]);
  const blob = await client.send('AI.MODELGET', 'm', 'BLOB');
  expect(Buffer.from(blob as string)).toEqual(graph);
  await client.send('AI.TENSORSET', 'a', 'FLOAT', 1, 2, 'BLOB', floats(1, 3));
  expect(await client.send(...run('a', 'b'))).toBe('OK');
  expect(await client.send('AI.TENSORGET', 'b', 'META', 'VALUES')).toEqual([
    ...['dtype', 'FLOAT', 'shape', [1, 2], 'values', ['7', '0']],
  ]);
});

test('requests are joined to batches and cut apart again', async () => {
  const client = await shared.connect();
  const batching = ['BATCHSIZE', 8, 'MINBATCHSIZE', 4, 'MINBATCHTIMEOUT', 5000];
  expect(await client.send('AI.MODELSTORE', 'm', 'TF', 'CPU', ...batching, ...NODES, 'BLOB', graph)).toBe(
    'OK',
  );
  const clients = await Promise.all(Array.from({ length: 4 }, () => shared.connect()));
  const before = shared.node.context.devices.counters().runs;
  await Promise.all(
    clients.map(async (each, i) => {
      await each.send('AI.TENSORSET', `in${i}`, 'FLOAT', 1, 2, 'BLOB', floats(i, 1));
      expect(await each.send(...run(`in${i}`, `out${i}`))).toBe('OK');
      expect(await each.send('AI.TENSORGET', `out${i}`, 'VALUES')).toEqual([String(i + 2), '0']);
    }),
  );
  expect(shared.node.context.devices.counters().runs - before).toBe(1);
});

test('a graph comes back from DUMP and RESTORE with its nodes', async () => {
  const client = await shared.connect();
  await client.send('AI.MODELSTORE', 'm', 'TF', 'CPU', ...NODES, 'BLOB', graph);
  const dump = await client.send('DUMP', 'm');
  expect(await client.send('RESTORE', 'copy', 0, Buffer.from(dump as Buffer))).toBe('OK');
  await client.send('AI.TENSORSET', 'a', 'FLOAT', 1, 2, 'BLOB', floats(1, 3));
  expect(await client.send('AI.MODELEXECUTE', 'copy', 'INPUTS', 1, 'a', 'OUTPUTS', 1, 'b')).toBe('OK');
  expect(await client.send('AI.TENSORGET', 'b', 'VALUES')).toEqual(['7', '0']);
});

test('what cannot be lowered is refused before anything is stored, and the model there stays', async () => {
  const client = await shared.connect();
  await client.send('AI.MODELSTORE', 'm', 'TF', 'CPU', ...NODES, 'BLOB', graph);
  const other = graphDef(placeholder('x'), { name: 'y', op: 'Frobnicate', input: ['x'] });
  expect(await client.error('AI.MODELSTORE', 'm', 'TF', 'CPU', ...NODES, 'BLOB', other)).toBe(
    "ERR TF op 'Frobnicate' (node 'y') is not supported",
  );
  await client.send('AI.TENSORSET', 'a', 'FLOAT', 1, 2, 'BLOB', floats(1, 3));
  expect(await client.send(...run('a', 'b'))).toBe('OK');
});

test('a division by zero is an error, and the node serves on', async () => {
  const client = await shared.connect();
  const division = graphDef(placeholder('x', 'int32', [-1]), placeholder('z', 'int32', [-1]), {
    ...{ name: 'y', op: 'FloorDiv', input: ['x', 'z'], attr: { T: attr.type('int32') } },
  });
  const nodes = ['INPUTS', 2, 'x', 'z', 'OUTPUTS', 1, 'y'];
  expect(await client.send('AI.MODELSTORE', 'm', 'TF', 'CPU', ...nodes, 'BLOB', division)).toBe('OK');
  await client.send('AI.TENSORSET', 'a', 'INT32', 2, 'VALUES', 7, 1);
  await client.send('AI.TENSORSET', 'zero', 'INT32', 2, 'VALUES', 2, 0);
  const two = ['AI.MODELEXECUTE', 'm', 'INPUTS', 2, 'a', 'zero', 'OUTPUTS', 1, 'b'];
  expect(await client.error(...two)).toContain('Integer division by zero in y');
  expect(await client.send('PING')).toBe('PONG');
});

test('200 damaged graphs are stored and run, or refused with a reason', async () => {
  const client = await shared.connect();
  const random = seededRandom(42);
  const below = (limit: number) => Math.floor(random() * limit);
  await client.send('AI.TENSORSET', 'a', 'FLOAT', 1, 2, 'BLOB', floats(1, 3));
  const outcomes = { stored: 0, refused: 0 };
  for (let i = 0; i < 200; i++) {
    const damaged = Buffer.from(graph);
    for (let n = 1 + below(3); n > 0; n--) damaged[below(damaged.length)] = below(256);
    const reply = await client.send('AI.MODELSTORE', 'm', 'TF', 'CPU', ...NODES, 'BLOB', damaged);
    if (reply instanceof Error) {
      outcomes.refused++;
      expect(reply.message).not.toMatch(/internal error|undefined|not a function|worker/);
      continue;
    }
    outcomes.stored++;
    const ran = await client.send(...run('a', 'b'));
    if (ran instanceof Error) expect(ran.message).not.toMatch(/internal error|worker/);
    await client.send('DEL', 'm', 'b');
  }
  expect(Object.values(outcomes).every((count) => count > 0)).toBe(true);
  expect(shared.node.context.devices.counters().workersReplaced).toBe(0);
});
