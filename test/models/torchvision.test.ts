import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { useSharedNode } from '../support/shared-node.ts';
import { expectLibtorchsOutputs } from '../support/torch-cases.ts';

/** Small ones; others by name in TESSERA_TORCHVISION, with commas. */
const names = (process.env.TESSERA_TORCHVISION ?? 'mobilenet_v3_small,shufflenet_v2_x0_5').split(',');
const script = path.join(import.meta.dirname, 'torchvision-models.py');
/** Importing torch and going through a model take seconds. */
const LIMIT_MS = 300_000;

const python = ['python3', '/usr/bin/python3'].find(
  (command) => spawnSync(command, ['-c', 'import torch, torchvision']).status === 0,
);
if (python === undefined)
  console.warn('skipped: models of torchvision, for want of a Python with torch and torchvision');

describe.skipIf(python === undefined)('a model of torchvision', () => {
  const shared = useSharedNode();
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'torchvision-'));
    const { status, stderr } = spawnSync(python as string, [script, folder, ...names]);
    if (status !== 0) throw new Error(stderr.toString());
  }, LIMIT_MS);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each(names.flatMap((name) => [`${name}_traced`, `${name}_scripted`]))(
    'gives what libtorch gives: %s',
    async (name) => {
      await expectLibtorchsOutputs(await shared.connect(), path.join(folder, name));
    },
    LIMIT_MS,
  );
});
