import { tmpdir } from 'node:os';
import path from 'node:path';
import { defineConfig } from 'vitest/config';
import { noRedis } from './test/support/redis-server.ts';

/** Suites of native commands, which also run on a node before a Redis: most of what the node does there it has to leave alone. */
const ON_BOTH_ENGINES = [
  ...['arity', 'blocking', 'client-control', 'command', 'command-details', 'connection', 'hashes', 'lists'],
  ...['object-sort', 'sets', 'sorted-sets', 'strings', 'transactions'],
]
  .map((name) => `test/commands/${name}.test.ts`)
  .concat('test/keyspace/*-command{,s}.test.ts', 'test/pubsub/pubsub.test.ts')
  .concat('test/conformance/{ioredis,node-redis,redis-py}.test.ts');

const ON_REDIS = {
  extends: true as const,
  test: { name: 'redis', include: ON_BOTH_ENGINES, env: { TESSERA_TEST_ENGINE: 'redis' } },
};
if (noRedis !== undefined) console.warn(`skipped: suites of native commands before a Redis, ${noRedis}`);

export default defineConfig({
  test: {
    projects: [
      { extends: true, test: { name: 'tests', include: ['test/**/*.test.ts'] } },
      ...(noRedis === undefined ? [ON_REDIS] : []),
    ],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // A machine that does much else takes longer than the second that is the default.
    expect: { poll: { timeout: 20_000 } },
    pool: 'forks',
    maxWorkers: 2,
    // Clusters are started in new data folders: without a cache in common, each start compiles everything anew.
    env: { NODE_COMPILE_CACHE: path.join(tmpdir(), 'tessera-compile-cache') },
  },
});
