import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, expect, test } from 'vitest';
import { model } from '../support/node.ts';
import { RespClient } from '../support/resp-client.ts';
import { type ServedNode, startServeOn } from '../support/serve.ts';
import { useSharedNode } from '../support/shared-node.ts';

const FAILED = 'ERR error loading backend';
const shared = useSharedNode();
let folder: string;

/** The example of the documentation. */
const page = readFileSync(new URL('../../docs/backends/writing-one.md', import.meta.url), 'utf8');
const example = /```js\n(.*?)```/s.exec(page)?.[1] ?? '';

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'tessera-backends-'));
  const write = (name: string, text: string) => {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  };
  write('factors.mjs', example);
  write('negative.mjs', example.replace('value * factor', '-value * factor'));
  write('broken.mjs', 'export default {');
  write('other.mjs', 'export default { name: "ONNX", load() {} };');
  write('nothing.mjs', 'export const name = "TORCH";');
  write('ending.mjs', 'process.exit();');
  write('node_modules/a-package/package.json', '{"name":"a-package","type":"module","main":"main.js"}');
  write('node_modules/a-package/main.js', example);
});

async function times(client: RespClient, key: string): Promise<unknown> {
  await client.send('AI.TENSORSET', 'x', 'FLOAT', 2, 'VALUES', 2, -3);
  const ran = await client.send('AI.MODELEXECUTE', key, 'INPUTS', 1, 'x', 'OUTPUTS', 1, 'y');
  return ran === 'OK' ? client.send('AI.TENSORGET', 'y', 'VALUES') : ran;
}

const put = (client: RespClient, key: string, factor: string) =>
  client.send('AI.MODELSTORE', key, 'TORCH', 'CPU', 'BLOB', factor);

test('new models run in the module that was loaded last, older ones in their own', async () => {
  const client = await shared.connect();
  expect(await client.send('AI.CONFIG', 'BACKENDSPATH', folder)).toBe('OK');
  expect(await client.send('AI.CONFIG', 'LOADBACKEND', 'TORCH', 'factors.mjs')).toBe('OK');
  expect(await put(client, 'old', '10')).toBe('OK');
  expect(await client.send('AI.CONFIG', 'LOADBACKEND', 'torch', path.join(folder, 'negative.mjs'))).toBe(
    'OK',
  );
  expect(await put(client, 'new', '10')).toBe('OK');
  expect(await times(client, 'old')).toEqual(['20', '-30']);
  expect(await times(client, 'new')).toEqual(['-20', '30']);
  expect(await client.error('AI.MODELSTORE', 'new', 'TORCH', 'CPU', 'BLOB', 'ten')).toBe(
    'the model is no number',
  );
  expect(await client.send('AI.CONFIG', 'LOADBACKEND', 'TORCH', 'a-package')).toBe('OK');
  expect(await put(client, 'packed', '3')).toBe('OK');
  expect(await times(client, 'packed')).toEqual(['6', '-9']);
});

test.each(['broken.mjs', 'other.mjs', 'nothing.mjs', 'ending.mjs', './absent.mjs', 'no-such-package', '.'])(
  'where %s is to be the backend, that is an error and the one before stays',
  async (name) => {
    const client = await shared.connect();
    await client.send('AI.CONFIG', 'BACKENDSPATH', folder);
    await client.send('AI.CONFIG', 'LOADBACKEND', 'TORCH', 'factors.mjs');
    expect(await client.error('AI.CONFIG', 'LOADBACKEND', 'TORCH', name)).toBe(FAILED);
    expect(await put(client, 'm', '4')).toBe('OK');
    expect(await times(client, 'm')).toEqual(['8', '-12']);
  },
);

test('a module has its place among those that INFO shows, once it has loaded a model', async () => {
  const client = await shared.connect();
  const file = path.join(folder, 'factors.mjs');
  await client.send('AI.CONFIG', 'LOADBACKEND', 'TORCH', file);
  await put(client, 'm', '4');
  await client.send('AI.MODELSTORE', 'o', 'ONNX', 'CPU', 'BLOB', model('mul'));
  const info = String(await client.send('INFO', 'ai_backends_info'));
  const shown = new RegExp(
    `ai_backend_TORCH:module=${pathToFileURL(file).href},runtime=factors,version=1.0.0,sessions=\\d+,memory=\\d+\\r`,
  );
  expect(info).toMatch(shown);
  expect(info).toMatch(
    /ai_backend_ONNX:module=server,runtime=onnxruntime,version=[\d.]+,sessions=1,memory=\d+\r/,
  );
});

test('the setting outlasts a restart, and models that are there run in the module', async () => {
  const data = mkdtempSync(path.join(tmpdir(), 'tessera-'));
  let served: ServedNode | undefined = await startServeOn(data);
  let client = await RespClient.connect(served.port);
  await client.send('AI.CONFIG', 'LOADBACKEND', 'TORCH', path.join(folder, 'factors.mjs'));
  await put(client, 'm', '4');
  client.close();
  await served.stop();
  served = await startServeOn(data);
  client = await RespClient.connect(served.port);
  expect(await times(client, 'm')).toEqual(['8', '-12']);
  expect(await client.error('CONFIG', 'SET', 'backend-torch', 'file:///negative.mjs')).toContain(
    'only AI.CONFIG LOADBACKEND, which tries it, takes a module',
  );
  expect(await client.send('CONFIG', 'SET', 'backend-torch', '')).toBe('OK');
  expect(await client.error('AI.MODELSTORE', 'n', 'TORCH', 'CPU', 'BLOB', '4')).toMatch(
    /^ERR TORCH archive cannot be read: /,
  );
  client.close();
  await served.kill();
});
