import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import {
  endRedisProcesses,
  findRedisServer,
  formCluster,
  type RedisProcess,
  startRedisProcess,
} from '../cluster/redis-cluster.ts';
import { SLOT_COUNT } from '../cluster/slot-map.ts';
import { Supervisor } from '../cluster/supervisor.ts';
import type { Row } from './report.ts';
import { freePorts } from './server.ts';

const USAGE = `npm run bench:scaling [-- options]     both engines with 1, 2 and 3 shards: operations a second, and CPU time an operation
  --clients N     on each shard (16)
  --rounds N      of all of them, in turn (3)
  --duration S    measured seconds of a row (2)
`;
const HOST = '127.0.0.1';
const MAIN = path.resolve(import.meta.dirname, '../src/main.ts');
const SHARDS = [1, 2, 3];
const SCENARIOS = ['tensorset-small', 'tensorget-600k', 'modelexecute', 'roundtrip', 'dag'];
const ENGINES = ['embedded', 'redis'] as const;
type Engine = (typeof ENGINES)[number];

const { values } = parseArgs({
  options: {
    clients: { type: 'string', default: '16' },
    rounds: { type: 'string', default: '3' },
    duration: { type: 'string', default: '2' },
    help: { type: 'boolean', default: false },
  },
});
const [clients, rounds, duration] = [values.clients, values.rounds, values.duration].map(Number) as [
  number,
  number,
  number,
];
if (values.help || !(clients >= 1 && rounds >= 1 && duration > 0)) {
  process.stderr.write(USAGE);
  process.exit(values.help ? 0 : 2);
}

const folder = mkdtempSync(path.join(tmpdir(), 'tessera-scaling-'));
const results = new Map<string, Row[]>();
try {
  for (let round = 0; round < rounds; round++) {
    for (const shards of SHARDS) {
      for (const engine of ENGINES) {
        for (const row of await measure(engine, shards, path.join(folder, `${round}-${engine}-${shards}`))) {
          const name = [row.scenario, row.part].filter((part) => part !== '').join(' ');
          const key = `${name}\t${shards}\t${engine}`;
          results.set(key, [...(results.get(key) ?? []), row]);
        }
      }
    }
    process.stderr.write(`round ${round + 1} of ${rounds}\n`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
print();

/** Starts the shards, measures them, and ends them. */
async function measure(engine: Engine, shards: number, data: string): Promise<readonly Row[]> {
  mkdirSync(data, { recursive: true });
  const ports = await freePorts(2 * shards);
  const redis: RedisProcess[] = [];
  let supervisor: Supervisor | null = null;
  try {
    if (engine === 'redis') {
      const server = findRedisServer();
      for (const port of ports.slice(shards)) {
        const options = [
          '--save',
          '',
          '--cluster-port',
          String(port > 55_000 ? port - 10_000 : port + 10_000),
        ];
        redis.push(await startRedisProcess(server, port, path.join(data, String(port)), options));
      }
      await formCluster(ports.slice(shards), shards);
    }
    const nodes = Array.from({ length: shards }, (_, i) => ({
      ...{ name: `node-${i + 1}`, host: HOST, port: ports[i] as number },
      ...(engine === 'redis'
        ? { redis: { host: HOST, port: ports[shards + i] as number } }
        : { slots: [`${edge(i, shards)}-${edge(i + 1, shards) - 1}`] }),
    }));
    const configPath = path.join(data, 'cluster.config.json');
    writeFileSync(configPath, JSON.stringify({ engine, nodes }));
    const log = () => {};
    supervisor = new Supervisor({ mainPath: MAIN, configPath, config: { nodes }, dataDir: data, log });
    await supervisor.start();
    const pids = [...Object.values(supervisor.pids), ...redis.map(({ child }) => child.pid)];
    return await runBench(ports[0] as number, pids.map(Number), shards, path.join(data, 'results'));
  } finally {
    await supervisor?.stop();
    await endRedisProcesses(redis, 'SIGKILL');
  }
}

function edge(i: number, shards: number): number {
  return Math.floor((i * SLOT_COUNT) / shards);
}

function runBench(port: number, pids: number[], shards: number, to: string): Promise<readonly Row[]> {
  const args = [
    ...[
      path.join(import.meta.dirname, 'main.ts'),
      '--target',
      `${HOST}:${port}`,
      '--server-pid',
      pids.join(),
    ],
    ...['--scenario', SCENARIOS.join(), '--model', 'mlp', '--clients', String(clients * shards)],
    ...['--duration', String(duration), '--results', to],
  ];
  return new Promise((resolve, reject) => {
    let output = '';
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    child.once('error', reject);
    child.once('close', (code) => {
      const [file] = code === 0 ? readdirSync(to) : [];
      if (file === undefined) return reject(new Error(`the bench failed:\n${output}`));
      resolve((JSON.parse(readFileSync(path.join(to, file), 'utf8')) as { rows: Row[] }).rows);
    });
  });
}

function print(): void {
  const median = (all: number[]) => all.sort((a, b) => a - b)[Math.floor(all.length / 2)] ?? Number.NaN;
  const of = (key: string, figure: (row: Row) => number | null | undefined) =>
    median((results.get(key) ?? []).flatMap((row) => figure(row) ?? []));
  console.log('| scenario | shards | embedded ops/s | us CPU | redis ops/s | us CPU | ops/s of embedded |');
  console.log('|---|---|---|---|---|---|---|');
  for (const key of results.keys()) {
    const [name, shards, engine] = key.split('\t');
    if (engine !== 'embedded') continue;
    const other = `${name}\t${shards}\tredis`;
    const [own, theirs] = [key, other].map((each) => of(each, (row) => row.measurement?.opsPerSecond)) as [
      number,
      number,
    ];
    const [cpu, theirCpu] = [key, other].map((each) =>
      of(each, (row) => row.measurement?.serverCpuUsPerOp),
    ) as [number, number];
    const cells = [
      name,
      shards,
      own.toFixed(0),
      cpu.toFixed(1),
      theirs.toFixed(0),
      theirCpu.toFixed(1),
      (theirs / own).toFixed(2),
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
}
