import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import calculateSlot from 'cluster-key-slot';
import { expect, test, vi } from 'vitest';
import { type ClientWork, runLoad } from '../../bench/load.ts';
import { expectTensor } from '../../bench/models.ts';
import { expectOk, Operation } from '../../bench/operation.ts';
import { OptionError, readOptions } from '../../bench/options.ts';
import type { Row } from '../../bench/report.ts';
import { encodeRequest } from '../../bench/requests.ts';
import { discover } from '../../bench/topology.ts';
import { startCluster } from '../support/cluster.ts';
import { startNode } from '../support/node.ts';

// Each run starts one process or several, on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000 });

const main = path.join(import.meta.dirname, '../../bench/main.ts');

interface Outcome {
  readonly code: number;
  readonly lines: readonly string[];
  readonly stderr: string;
  /** The JSON; null when none was written. */
  readonly results: Record<string, unknown> | null;
  readonly rows: readonly Row[];
}

/** Runs the load generator as a user would, with rows as short as they can be. */
function bench(...args: string[]): Promise<Outcome> {
  const results = mkdtempSync(path.join(tmpdir(), 'tessera-'));
  const all = [main, '--duration', '0.2', '--warmup', '0.05', '--results', results, ...args];
  return new Promise((resolve) => {
    execFile(process.execPath, all, { timeout: 50_000 }, (error, stdout, stderr) => {
      const [file] = readdirSync(results);
      const json = file === undefined ? null : JSON.parse(readFileSync(path.join(results, file), 'utf8'));
      resolve({
        code: error === null ? 0 : Number(error.code),
        lines: stdout.trimEnd().split('\n'),
        stderr,
        results: json,
        rows: json?.rows ?? [],
      });
    });
  });
}

/** A stand-in for a foreign server: it answers each request with the same bytes. */
async function startForeignServer(answer: (command: string) => string): Promise<net.Server> {
  const server = net.createServer((socket) => {
    socket.on('error', () => {});
    // Requests of this test fit into one chunk, and are not pipelined.
    socket.on('data', (chunk) => socket.write(answer(String(chunk).split('\r\n')[2] ?? '')));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

const portOf = (server: net.Server) => (server.address() as net.AddressInfo).port;
const number = expect.any(Number);

test('starts a node, prints a row for each load and writes the same as JSON', async () => {
  const scenarios = ['--scenario', 'tensorset-small,modelexecute', '--model', 'mul'];
  const { code, lines, stderr, results, rows } = await bench(
    ...scenarios,
    '--clients',
    '1,3',
    '--pipeline',
    '2',
  );
  expect(stderr).toBe('');
  expect(code).toBe(0);
  expect(lines[1]).toMatch(
    /^started 127\.0\.0\.1:\d+, cluster off; rows of 0\.2 s after 0\.05 s of warm-up$/,
  );
  expect(lines[3]?.split(/ {2,}/).join('|')).toBe(
    'scenario|model|cli pipe|ops/s|p50 us|p99 us|p999 us srv us/op srv cpu cli us/op cli cpu oth cpu errors',
  );
  const table = lines.slice(4, 8);
  expect(table.map((line) => line.trimEnd().length)).toEqual(new Array(4).fill(lines[3]?.length));
  expect(table.map((line) => line.split(/ +/).slice(0, 4))).toEqual([
    ['tensorset-small', '-', '1', '2'],
    ['tensorset-small', '-', '3', '2'],
    ['modelexecute', 'mul', '1', '2'],
    ['modelexecute', 'mul', '3', '2'],
  ]);
  const measurement = {
    operations: number,
    seconds: number,
    opsPerSecond: number,
    meanUs: number,
    p50Us: number,
    p99Us: number,
    p999Us: number,
    maxUs: number,
    serverCpuUsPerOp: process.platform === 'linux' ? number : null,
    serverCores: process.platform === 'linux' ? number : null,
    clientCpuUsPerOp: number,
    clientCores: number,
    otherCores: process.platform === 'linux' ? number : null,
  };
  const ok = { pipeline: 2, part: '', status: 'ok', errors: 0, redirects: 0, note: '', measurement };
  expect(results).toEqual({
    date: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    commit: results?.commit === null ? null : expect.stringMatching(/[0-9a-f]{7}/),
    node: process.version,
    cpu: expect.any(String),
    cores: number,
    nodes: [expect.stringMatching(/^127\.0\.0\.1:\d+$/)],
    options: expect.objectContaining({ clients: [1, 3], pipeline: [2], durationSeconds: 0.2, target: null }),
    rows: [
      { scenario: 'tensorset-small', model: null, clients: 1, ...ok },
      { scenario: 'tensorset-small', model: null, clients: 3, ...ok },
      { scenario: 'modelexecute', model: 'mul', clients: 1, ...ok },
      { scenario: 'modelexecute', model: 'mul', clients: 3, ...ok },
    ],
  });
  for (const row of rows) expect(row.measurement?.operations).toBeGreaterThan(0);
});

test('every scenario gets right replies from a node', async () => {
  const node = await startNode();
  const target = `127.0.0.1:${node.port}`;
  const { code, rows, lines } = await bench(
    ...['--target', target, '--clients', '2', '--model', 'iris', '--large-model', '1'],
  );
  expect(rows.map(({ scenario, part }) => `${scenario} ${part}`.trim())).toEqual([
    'tensorset-small',
    'tensorset-600k',
    'tensorget-600k',
    'modelexecute',
    'roundtrip',
    'dag',
    'batched',
    'model-load set, alone',
    'model-load set, storing',
    'model-load execute, alone',
    'model-load execute, storing',
    'graph-load set, alone',
    'graph-load set, storing',
    'graph-load execute, alone',
    'graph-load execute, storing',
  ]);
  expect(rows.filter(({ status }) => status !== 'ok')).toEqual([]);
  const storing = /^p50 x[\d.]+, p99 x[\d.]+; (1 MiB|7000 nodes) stored \d+ times(, \d+ ms each)?$/;
  expect(rows.filter(({ note }) => storing.test(note)).map(({ part }) => part)).toEqual([
    'set, storing',
    'execute, storing',
    'set, storing',
    'execute, storing',
  ]);
  expect(lines[1]).toMatch(`target ${target}, cluster off`);
  expect(code).toBe(0);
  // It deletes its keys on a server that it did not start.
  expect(node.context.keyspace.size).toBe(0);
  await node.close();
});

test('a row with error replies fails, and so does the run', async () => {
  const node = await startNode({}, 1);
  node.context.keyspace.set('x', { type: 'string', bytes: new Uint8Array(1) });
  const { code, lines, rows } = await bench(
    ...['--target', `127.0.0.1:${node.port}`, '--scenario', 'tensorset-small', '--clients', '1'],
  );
  expect(code).toBe(1);
  expect(rows.map(({ status }) => status)).toEqual(['failed']);
  expect(rows[0]?.errors).toBeGreaterThan(0);
  expect(lines[4]).toMatch(
    / FAILED: \d+ errors, the first: OK expected, got OOM command not allowed when used memory > 'maxmemory'\.$/,
  );
  expect(lines.at(-1)).toBe('1 of 1 rows FAILED');
  await node.close();
});

test('a wrong reply is an error', async () => {
  const server = await startForeignServer((command) =>
    command.startsWith('AI.') ? '+NO\r\n' : '-ERR This instance has cluster support disabled\r\n',
  );
  const args = ['--target', `127.0.0.1:${portOf(server)}`, '--scenario', 'tensorset-small'];
  const { code, lines } = await bench(...args, '--clients', '1');
  expect(lines[4]).toMatch(/ FAILED: \d+ errors, the first: OK expected, got NO$/);
  expect(code).toBe(1);
  server.close();
});

test('a command that the server does not know is reported, not failed', async () => {
  const server = await startForeignServer(
    (command) => `-ERR unknown command '${command}', with args beginning with: \r\n`,
  );
  const args = ['--target', `127.0.0.1:${portOf(server)}`, '--scenario', 'dag', '--model', 'mul'];
  const { code, lines, rows } = await bench(...args, '--clients', '1');
  expect(lines[4]).toMatch(/^dag +mul .* 0 {2}not supported by the server$/);
  expect(rows).toEqual([
    {
      scenario: 'dag',
      part: '',
      model: 'mul',
      clients: 1,
      pipeline: 1,
      status: 'unsupported',
      errors: 0,
      redirects: 0,
      note: 'not supported by the server',
      measurement: null,
    },
  ]);
  expect(code).toBe(0);
  server.close();
});

test('a tensor may differ by rounding, and by nothing else', () => {
  const bytes = (...values: number[]) => Buffer.from(Float32Array.from(values).buffer);
  const check = expectTensor({ type: 'float32', shape: [1, 2], bytes: bytes(0.5, 100) });
  const near = bytes(0.50001, 100.01);
  expect([check(bytes(0.5, 100)), check(near), check(near), check(bytes(0.5, 100))]).toEqual([
    null,
    null,
    null,
    null,
  ]);
  expect(check(bytes(0.5, 101))).toMatch(/^not the expected tensor: /);
  expect(check(bytes(0.5))).toMatch(/^not the expected tensor: /);
  expect(check(Buffer.from('OK'))).toBe('not the expected tensor: OK');
  expect(check(new Error('ERR no'))).toBe('not the expected tensor: ERR no');
});

test('refuses an option that it does not know', async () => {
  const { code, stderr, lines, results } = await bench('--fast');
  expect(stderr).toMatch(/^bench: Unknown option '--fast'.*\n--help lists the options\n$/);
  expect({ code, lines, results }).toEqual({ code: 2, lines: [''], results: null });
});

test.each([
  [['--scenario', 'nope'], /^--scenario: there is no "nope", only tensorset-small, /],
  [['--model', 'nope'], /^--model: no model "nope": /],
  [['--clients', '0'], /^--clients takes whole numbers from 1 to 10000, not "0"$/],
  [['--pipeline', ''], /^--pipeline takes whole numbers from 1 to 10000, not ""$/],
  [['--duration', 'long'], /^--duration takes seconds from 0\.05 to 3600, not "long"$/],
  [['--target', 'nowhere'], /^--target takes HOST:PORT, not "nowhere"$/],
  [['--target', 'a:1', '--cluster'], /^--cluster and --target exclude each other$/],
  [['--server-pid', '1'], /^--server-pid needs --target$/],
  [['extra'], /^Unexpected argument 'extra'/],
])('refuses %j', (args, message) => {
  expect(() => readOptions(args)).toThrow(
    expect.objectContaining({ message: expect.stringMatching(message) }),
  );
  expect(() => readOptions(args)).toThrow(OptionError);
});

test('spreads over a cluster, and follows MOVED with all that was in flight', async () => {
  const cluster = await startCluster();
  const [seed] = cluster.ports;
  const { groups, clusterEnabled } = await discover({ host: '127.0.0.1', port: seed as number });
  expect(clusterEnabled).toBe(true);
  expect(groups.map(({ address }) => address.port)).toEqual(cluster.ports);
  expect(groups.map(({ routing }) => Math.floor(calculateSlot(routing) / 5461))).toEqual([0, 1, 2]);
  const [first, second] = groups as [(typeof groups)[0], (typeof groups)[0]];
  const request = encodeRequest(['SET', first.key('moved'), 'x']);
  const work: ClientWork[] = [
    { address: second.address, operation: new Operation(request, [expectOk]) },
    { address: first.address, operation: new Operation(request, [expectOk]) },
  ];
  const settings = { pipeline: 8, warmupSeconds: 0.05, durationSeconds: 0.2, serverPids: [] };
  const { errors, firstError, redirects, measurement } = await runLoad(work, settings);
  expect({ errors, firstError, redirects }).toEqual({ errors: 0, firstError: null, redirects: 1 });
  expect(measurement?.serverCores).toBeNull();
  expect(measurement?.operations).toBeGreaterThan(0);
  for (const group of groups) group.close();
  expect(await cluster.stop()).toBe(0);
});
