import { afterEach, expect, test } from 'vitest';
import { Authority, noOpenssl } from '../access/certificates.ts';
import { startNode } from '../support/node.ts';
import { run } from '../support/run.ts';
import { LAUNCHER, modelFile, tessera } from './tessera.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

test('a password goes in the URL or in the environment, and never into an error', async () => {
  const node = await startNode({}, 0, { access: { requirepass: 'se:cret' } as never });
  closers.push(() => node.close());
  const where = `127.0.0.1:${node.port}`;
  const pushed = await tessera(
    'model',
    'push',
    modelFile('iris.onnx'),
    'm',
    '-u',
    `redis://:se%3Acret@${where}`,
  );
  expect(pushed).toMatchObject({ code: 0, stderr: '' });
  const args = [LAUNCHER, 'model', 'list', '-u', where];
  const listed = await run('env', ['TESSERA_PASSWORD=se:cret', process.execPath, ...args]);
  expect(listed.stdout).toContain('ONNX');
  const without = await tessera('model', 'list', '-u', where);
  expect(without).toMatchObject({ code: 1, stderr: expect.stringContaining('NOAUTH') });
  const wrong = await tessera('model', 'list', '-u', `redis://:wr0ng@${where}`);
  expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining('does not let us in: WRONGPASS') });
  expect(wrong.stderr).not.toContain('wr0ng');
});

test.skipIf(noOpenssl)('TLS takes the authority of the server and a certificate of the client', async () => {
  const authority = new Authority();
  const [server, client] = [authority.issue('server'), authority.issue('client')];
  const node = await startNode({}, 0, {
    tls: { port: 0, files: { ...server, caCertFile: authority.certFile }, authClients: 'yes' },
  } as never);
  closers.push(() => node.close());
  const url = `rediss://127.0.0.1:${node.context.listeners.tlsPort}`;
  const own = ['--cert', client.certFile, '--key', client.keyFile];
  const listed = await tessera('model', 'list', '-u', url, '--cacert', authority.certFile, ...own);
  expect(listed).toEqual({ code: 0, stdout: 'no models\n', stderr: '' });
  const insecure = await tessera('model', 'list', '-u', url, '--insecure', ...own);
  expect(insecure.code).toBe(0);
  const untrusted = await tessera('model', 'list', '-u', url, ...own);
  expect(untrusted).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^tessera: cannot connect to .*certificate/),
  });
});
