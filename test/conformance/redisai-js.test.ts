import { beforeEach, expect, test } from 'vitest';
import { model } from '../support/node.ts';
import { asText, namedValues, plainReply } from '../support/redisai-client.ts';
import { floats } from '../support/resp-client.ts';
import { useSharedNode } from '../support/shared-node.ts';
import type { Typed, TypedClient } from '../support/typed-client.ts';

/** Its own, larger than RedisAI's: just what a bulk string may have. */
const CHUNK_BYTES = 512 * 1024 * 1024;
const SCRIPT = 'def bar(a, b):\n    return a + b\n';

const shared = useSharedNode();
let client: TypedClient;

beforeEach(async () => {
  client = await shared.connectTyped();
});

/** node redis v3 sends numbers as text; bytes go out as they are. */
function send(...args: (string | number | Uint8Array)[]): Promise<Typed> {
  return client.send(...args);
}

test('node redis v3 finds a server that has loaded, by INFO in lower case', async () => {
  const info: Record<string, string> = {};
  for (const line of (plainReply(await send('info')) as string).split('\r\n')) {
    const [name, value] = line.split(':') as [string, string?];
    if (value !== undefined) info[name] = value;
  }
  expect(info.loading).toBe('0');
  expect(info.redis_version?.split('.').map(Number)).toEqual([7, 0, expect.any(Number)]);
  expect(info.master_link_status).toBeUndefined();
});

test('ai.tensorset with values and with a blob, ai.tensorget with both', async () => {
  expect(await send('ai.tensorset', 'a', 'FLOAT', 1, 2, 'VALUES', 3, 4)).toBe('+OK');
  expect(namedValues(await send('ai.tensorget', 'a', 'META', 'VALUES'))).toEqual({
    ...{ dtype: 'FLOAT', shape: [1, 2], values: ['3', '4'] },
  });
  expect(await send('ai.tensorset', 'b', 'FLOAT', 1, 2, 'BLOB', floats(5, 6))).toBe('+OK');
  expect(namedValues(await send('ai.tensorget', 'b', 'META', 'BLOB'))).toEqual({
    ...{ dtype: 'FLOAT', shape: [1, 2], blob: asText(floats(5, 6)) },
  });
  expect(await send('ai.tensorget', 'none', 'META', 'VALUES')).toBe(
    '-ERR tensor key is empty or in a different shard',
  );
});

test('models, stored both ways, run both ways, read and deleted', async () => {
  const mul = model('mul');
  await send('ai.tensorset', 'a', 'FLOAT', 1, 2, 'VALUES', 3, 4);
  expect(await send('ai.modelset', 'old', 'ONNX', 'CPU', 'TAG', 'v1', 'BATCHSIZE', 10, 'BLOB', mul)).toBe(
    '+OK',
  );
  expect(await send('ai.modelstore', 'new', 'ONNX', 'CPU', 'TAG', 'v1', 'BATCHSIZE', 10, 'BLOB', mul)).toBe(
    '+OK',
  );
  for (const name of ['old', 'new']) {
    expect(namedValues(await send('ai.modelget', name, 'META', 'BLOB'))).toEqual({
      ...{ backend: 'ONNX', device: 'CPU', tag: 'v1', batchsize: 10, minbatchsize: 0, minbatchtimeout: 0 },
      ...{ inputs: ['a', 'b'], outputs: ['c'], blob: asText(mul) },
    });
    expect(await send('ai.modelrun', name, 'INPUTS', 'a', 'a', 'OUTPUTS', 'c')).toBe('+OK');
    expect(await send('ai.modelexecute', name, 'INPUTS', 2, 'a', 'c', 'OUTPUTS', 1, 'd')).toBe('+OK');
    expect(await send('ai.tensorget', 'd', 'VALUES')).toEqual(['$27', '$64']);
    const info = namedValues(await send('ai.info', name));
    expect(info).toEqual({
      ...{ key: name, type: 'MODEL', backend: 'ONNX', device: 'CPU', tag: 'v1' },
      ...{ duration: info.duration, samples: 2, calls: 2, errors: 0 },
    });
    expect(await send('ai.info', name, 'RESETSTAT')).toBe('+OK');
    expect(namedValues(await send('ai.info', name))).toMatchObject({ duration: 0, samples: 0, calls: 0 });
    expect(await send('ai.modeldel', name)).toBe('+OK');
    expect(await send('ai.modelget', name, 'META', 'BLOB')).toBe('-ERR model key is empty');
  }
});

test('chunks of 512 MiB are what a bulk string may have, and what the server can be told to send', async () => {
  expect(await send('config', 'get', 'proto-max-bulk-len')).toEqual([
    '$proto-max-bulk-len',
    `$${CHUNK_BYTES}`,
  ]);
  expect(await send('ai.config', 'MODEL_CHUNK_SIZE', CHUNK_BYTES)).toBe('+OK');
  expect(await send('ai.config', 'get', 'MODEL_CHUNK_SIZE')).toBe(`:${CHUNK_BYTES}`);
  expect(await send('ai.config', 'MODEL_CHUNK_SIZE', 535_822_336)).toBe('+OK');
  // The same at the smallest limit, which needs no memory: the limit itself is still allowed.
  const least = 1024 * 1024;
  expect(await send('config', 'set', 'proto-max-bulk-len', least)).toBe('+OK');
  expect(await send('ai.tensorset', 'large', 'UINT8', least, 'BLOB', Buffer.alloc(least))).toBe('+OK');
  const other = await shared.connectTyped();
  expect(await other.raw(`*2\r\n$4\r\nping\r\n$${least + 1}\r\n`)).toBe(
    '-ERR Protocol error: invalid bulk length',
  );
  expect(await send('config', 'set', 'proto-max-bulk-len', CHUNK_BYTES)).toBe('+OK');
});

test('a DAG answers an array, its commands in lower case too', async () => {
  await send('ai.tensorset', 'a', 'FLOAT', 1, 2, 'VALUES', 3, 4);
  await send('ai.modelset', 'm', 'ONNX', 'CPU', 'BLOB', model('mul'));
  const steps = [
    ...['|>', 'ai.tensorset', 'b', 'FLOAT', 1, 2, 'VALUES', 10, 20],
    ...['|>', 'ai.modelrun', 'm', 'INPUTS', 'a', 'b', 'OUTPUTS', 'c'],
    ...['|>', 'ai.tensorget', 'c', 'META', 'VALUES'],
  ];
  const answer = ['+OK', '+OK', ['$dtype', '$FLOAT', '$shape', [':1', ':2'], '$values', ['$30', '$80']]];
  expect(await send('ai.dagrun', 'LOAD', 1, 'a', 'PERSIST', 1, 'c', ...steps)).toEqual(answer);
  expect(await send('ai.tensorget', 'c', 'META', 'VALUES')).toEqual(answer[2]);
  expect(await send('ai.dagrun_ro', 'LOAD', 1, 'a', ...steps)).toEqual(answer);
});

test('scripts, stored, read, run and deleted', async () => {
  await send('ai.tensorset', 'a', 'FLOAT', 1, 2, 'VALUES', 3, 4);
  expect(await send('ai.scriptset', 's', 'CPU', 'TAG', 'v1', 'SOURCE', SCRIPT)).toBe('+OK');
  expect(namedValues(await send('ai.scriptget', 's', 'META', 'SOURCE'))).toMatchObject({
    ...{ device: 'CPU', tag: 'v1', source: SCRIPT },
  });
  expect(await send('ai.scriptrun', 's', 'bar', 'INPUTS', 'a', 'a', 'OUTPUTS', 'c')).toBe('+OK');
  expect(await send('ai.tensorget', 'c', 'VALUES')).toEqual(['$6', '$8']);
  expect(await send('ai.scriptdel', 's')).toBe('+OK');
  expect(await send('ai.scriptdel', 's')).toBe('-ERR script key is empty');
});

test('ai.config in lower case', async () => {
  expect(await send('ai.config', 'backendspath', '/usr/lib/backends')).toBe('+OK');
  expect(await send('ai.config', 'get', 'backendspath')).toBe('$/usr/lib/backends');
  expect(await send('ai.config', 'loadbackend', 'ONNX', 'onnx.so')).toBe('-ERR error loading backend');
});
