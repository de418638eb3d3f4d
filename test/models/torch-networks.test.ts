import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { findPython } from '../../scripts/torch-models/python.ts';
import { useSharedNode } from '../support/shared-node.ts';
import { expectLibtorchsOutputs } from '../support/torch-cases.ts';

/** Small ones, of torchvision and of plain torch; others of scripts/torch-models by name in TESSERA_TORCH_NETWORKS, with commas. */
const names = (process.env.TESSERA_TORCH_NETWORKS ?? 'mobilenet_v3_small,bert,conformer').split(',');
const archives = names.flatMap((name) => ['traced', 'scripted'].map((kind) => `${name}_${kind}`));
const script = path.join(import.meta.dirname, '../../scripts/torch-models/export.py');
/** Importing torch and going through a model take seconds. */
const LIMIT_MS = 300_000;

const python = findPython();
if (python === undefined)
  console.warn('skipped: networks of torch, for want of a Python with torch and torchvision');

describe.skipIf(python === undefined)('a network of torch', () => {
  const shared = useSharedNode();
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'torch-networks-'));
    const input = archives.map((name) => `${name.replace(/_(?=traced$|scripted$)/, ' ')}\n`).join('');
    const { status, stdout, stderr } = spawnSync(python as string, [script, folder], { input });
    if (status !== 0 || stdout.includes('"error"')) throw new Error(`${stdout}${stderr}`);
  }, LIMIT_MS);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each(archives)(
    'gives what libtorch gives: %s',
    async (name) => {
      await expectLibtorchsOutputs(await shared.connect(), path.join(folder, name));
    },
    LIMIT_MS,
  );
});
