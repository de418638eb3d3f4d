import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadClusterConfig } from '../../cluster/config.ts';

const ROOT = path.join(import.meta.dirname, '../..');
const read = (name: string) => readFileSync(path.join(ROOT, 'deploy', name), 'utf8');

describe('what is under deploy/', () => {
  test('has a config for compose that names the nodes and ports of its services', () => {
    const compose = read('docker/compose.yaml');
    const { nodes } = loadClusterConfig(path.join(ROOT, 'deploy/docker/cluster.config.json'));
    expect(nodes).toHaveLength(6);
    for (const { name, redis } of nodes) {
      expect(compose).toContain(`--name ${name}\n`);
      expect(compose).toContain(`--port ${redis?.port} `);
    }
  });

  test('copies what there is into the image, and lets nothing else in', () => {
    const dockerfile = read('docker/Dockerfile');
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, names]) =>
      (names as string).split(' '),
    );
    const allowed = readFileSync(path.join(ROOT, '.dockerignore'), 'utf8').match(/(?<=^!).+$/gm);
    expect(copied.sort()).toEqual([...(allowed ?? [])].sort());
    for (const name of copied) expect(existsSync(path.join(ROOT, name))).toBe(true);
    const [, major] = /^FROM node:(\d+)/m.exec(dockerfile) ?? [];
    expect(process.version).toMatch(new RegExp(`^v${major}\\.`));
  });

  test('starts the program of the repository from systemd', () => {
    const [, program = ''] = / \/opt\/tessera\/(src\S+)/.exec(read('systemd/tessera.service')) ?? [];
    expect(existsSync(path.join(ROOT, program))).toBe(true);
  });
});
