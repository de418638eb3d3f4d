import { tmpdir } from 'node:os';
import path from 'node:path';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    maxWorkers: 2,
    // Clusters are started in new data folders: without a cache in common, each start compiles everything anew.
    env: { NODE_COMPILE_CACHE: path.join(tmpdir(), 'tessera-compile-cache') },
  },
});
