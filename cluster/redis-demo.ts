import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import {
  endRedisProcesses,
  findRedisServer,
  formCluster,
  type RedisProcess,
  startRedisProcess,
} from './redis-cluster.ts';
import { Supervisor } from './supervisor.ts';

const USAGE = `npm run cluster:redis [-- options]     three masters and three replicas of Redis or Valkey, and a node before each
  --port N        of the first node, the others follow (7000)
  --redis-port N  of the first Redis (7100)
  --data DIR      for all of them (data/redis-cluster)
The nodes' pages are on the ports 200 above theirs.
`;
const HOST = '127.0.0.1';
const MASTERS = 3;
const NODES = 6;
const HTTP_ABOVE = 200;
const HIGHEST_PORT = 55_000;

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '7000' },
    'redis-port': { type: 'string', default: '7100' },
    data: { type: 'string', default: 'data/redis-cluster' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
const [port, redisPort] = [Number(values.port), Number(values['redis-port'])];
const isPort = (n: number) => Number.isInteger(n) && n > 0 && n <= HIGHEST_PORT;
if (values.help || !isPort(port) || !isPort(redisPort)) {
  process.stdout.write(USAGE);
  process.exit(values.help ? 0 : 2);
}

const data = path.resolve(values.data);
const redis: RedisProcess[] = [];
let supervisor: Supervisor | null = null;
let isStopping = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void stop(0));

try {
  const server = findRedisServer();
  const ports = Array.from({ length: NODES }, (_, i) => redisPort + i);
  for (const each of ports) {
    redis.push(
      await startRedisProcess(server, each, path.join(data, `redis-${each}`), ['--appendonly', 'yes']),
    );
  }
  console.log(
    `${path.basename(server)}: ${NODES} of them on ports ${ports[0]} to ${ports.at(-1)}, forming a cluster`,
  );
  await formCluster(ports, MASTERS);
  const config = {
    engine: 'redis',
    nodes: ports.map((each, i) => ({
      ...{ name: `node-${i + 1}`, host: HOST, port: port + i, 'http-port': port + HTTP_ABOVE + i },
      redis: { host: HOST, port: each },
    })),
  };
  mkdirSync(data, { recursive: true });
  const configPath = path.join(data, 'cluster.config.json');
  writeFileSync(configPath, `${JSON.stringify(config, null, 2)}\n`);
  supervisor = new Supervisor({
    mainPath: path.join(import.meta.dirname, '../src/main.ts'),
    configPath,
    config,
    dataDir: data,
    log: (_level, message) => console.log(message),
  });
  await supervisor.start();
  console.log(
    `ready: ${NODES} nodes on ports ${port} to ${port + NODES - 1}, try redis-cli -c -p ${port}, look at http://${HOST}:${port + HTTP_ABOVE}`,
  );
} catch (error) {
  if (!isStopping) {
    console.error(`cluster:redis: ${(error as Error).message}`);
    await stop(1);
  }
}

async function stop(code: number): Promise<void> {
  if (isStopping) return;
  isStopping = true;
  await supervisor?.stop();
  await endRedisProcesses(redis, 'SIGTERM');
  process.exit(code);
}
