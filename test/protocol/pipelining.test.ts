import { beforeEach, describe, expect, test } from 'vitest';
import { model } from '../support/node.ts';
import { encode, floats } from '../support/resp-client.ts';
import { useSharedNode } from '../support/shared-node.ts';
import type { TypedClient } from '../support/typed-client.ts';

const shared = useSharedNode();
let client: TypedClient;
beforeEach(async () => {
  client = await shared.connectTyped();
});

test('1,000 commands in one write are answered in order', async () => {
  const commands: (string | number)[][] = [];
  const expected: unknown[] = [];
  for (let i = 0; i < 250; i++) {
    commands.push(['SET', `k${i}`, `v${i}`], ['GET', `k${i}`], ['NOPE'], ['ECHO', i]);
    expected.push('+OK', `$v${i}`, "-ERR unknown command 'NOPE', with args beginning with: ", `$${i}`);
  }
  client.socket.write(Buffer.concat(commands.map((command) => encode(command))));
  expect(await client.replies(1000)).toEqual(expected);
});

test('replies stay in order around commands that take their time', async () => {
  await client.send('AI.MODELSTORE', 'm', 'ONNX', 'CPU', 'BLOB', model('mul'));
  const commands: (string | number | Uint8Array)[][] = [];
  const expected: unknown[] = [];
  for (let i = 0; i < 40; i++) {
    commands.push(
      ['AI.TENSORSET', 'a', 'FLOAT', 2, 2, 'BLOB', floats(i, 1, 2, 3)],
      ['AI.MODELEXECUTE', 'm', 'INPUTS', 2, 'a', 'a', 'OUTPUTS', 1, 'c'],
      ['AI.TENSORGET', 'c', 'VALUES'],
      ['PING', i],
    );
    expected.push('+OK', '+OK', [`$${i * i}`, '$1', '$4', '$9'], `$${i}`);
  }
  client.socket.write(Buffer.concat(commands.map((command) => encode(command))));
  expect(await client.replies(160)).toEqual(expected);
});

test('a connection that waits for a run does not hold up another', async () => {
  const batching = ['BATCHSIZE', 2, 'MINBATCHSIZE', 2];
  await client.send('AI.MODELSTORE', 'm', 'ONNX', 'CPU', ...batching, 'BLOB', model('mlp_dyn'));
  await client.send('AI.TENSORSET', 'in', 'FLOAT', 1, 64);
  const waiting = await shared.connectTyped();
  const run = ['AI.MODELEXECUTE', 'm', 'INPUTS', 1, 'in', 'OUTPUTS', 1, 'out'];
  // Alone it waits without bound; what the same connection sent behind it waits too.
  const first = waiting.send(...run);
  const behind = waiting.send('SET', 'behind', 1);
  expect(await client.send('PING')).toBe('+PONG');
  expect(await client.send('EXISTS', 'behind')).toBe(':0');
  expect(await client.send(...run)).toBe('+OK');
  expect(await Promise.all([first, behind])).toEqual(['+OK', '+OK']);
});

describe('requests cut in two writes', () => {
  const pipeline = Buffer.concat([
    encode(['SET', 'k', 'v\r\n$3']),
    Buffer.from('ECHO "in line"\r\n'),
    encode(['AI.TENSORSET', 't', 'FLOAT', 2, 'BLOB', floats(1, 2)]),
    encode(['ECHO', '']),
    encode(['GET', 'k']),
    encode(['AI.TENSORGET', 't', 'VALUES']),
  ]);
  const expected = ['+OK', '$in line', '+OK', '$', '$v\r\n$3', ['$1', '$2']];

  test('at any byte are answered as if whole', async () => {
    const id = Number(String(await client.send('CLIENT', 'ID')).slice(1));
    const session = shared.node.context.clients.get(id);
    if (session === undefined) throw new Error('no such client');
    for (let at = 1; at < pipeline.length; at++) {
      const read = session.bytesIn + at;
      client.socket.write(pipeline.subarray(0, at));
      // Once the server has read the first part, the two cannot arrive as one.
      while (session.bytesIn < read) await new Promise((resolve) => setImmediate(resolve));
      client.socket.write(pipeline.subarray(at));
      expect(await client.replies(expected.length)).toEqual(expected);
    }
  });
});

test('a byte at a time is answered as if whole', async () => {
  const bytes = Buffer.concat([encode(['SET', 'k', 'value']), Buffer.from('GET k\r\n')]);
  for (const byte of bytes) {
    client.socket.write(Buffer.from([byte]));
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(await client.replies(2)).toEqual(['+OK', '$value']);
});

describe('a large bulk', () => {
  const blob = Buffer.from(Array.from({ length: 1_000_000 }, (_, i) => (i * 31) % 251));

  test('of 1 MB may be followed by other commands in the same write', async () => {
    client.socket.write(
      Buffer.concat([
        encode(['AI.TENSORSET', 't', 'UINT8', blob.length, 'BLOB', blob]),
        encode(['PING']),
        encode(['SET', 'k', blob]),
        Buffer.from('PING inline\r\n'),
        encode(['AI.TENSORGET', 't', 'BLOB']),
        encode(['GET', 'k']),
        encode(['DBSIZE']),
      ]),
    );
    const replies = await client.replies(7);
    const whole = `$${blob.toString('latin1')}`;
    expect(replies.filter((_, i) => i !== 4 && i !== 5)).toEqual(['+OK', '+PONG', '+OK', '$inline', ':2']);
    expect([replies[4] === whole, replies[5] === whole]).toEqual([true, true]);
  });

  test('may be one of several in a command, cut anywhere', async () => {
    const [a, b] = [blob.subarray(0, 200_000), blob.subarray(200_000, 216_384)];
    const bytes = encode(['MSET', 'a', a, 'b', b, 'c', 'small', 'd', a]);
    for (const at of [25, 100_000, 200_040, 200_041, 200_060, 216_450, 216_500, bytes.length - 1]) {
      client.socket.write(bytes.subarray(0, at));
      await new Promise((resolve) => setImmediate(resolve));
      client.socket.write(bytes.subarray(at));
      expect(await client.reply()).toBe('+OK');
      const [gotA, gotB, gotC, gotD] = (await client.send('MGET', 'a', 'b', 'c', 'd')) as string[];
      const wholeA = `$${a.toString('latin1')}`;
      expect([gotA === wholeA, gotB === `$${b.toString('latin1')}`, gotC, gotD === wholeA]).toEqual([
        ...[true, true],
        ...['$small', true],
      ]);
    }
  });
});
