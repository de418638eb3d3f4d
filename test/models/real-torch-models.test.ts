import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'vitest';
import { useSharedNode } from '../support/shared-node.ts';
import { expectLibtorchsOutputs } from '../support/torch-cases.ts';

/** Real archives are not part of the repository; where they lie can be said in TESSERA_TEST_MODELS. */
const folder = path.resolve(
  process.env.TESSERA_TEST_MODELS ?? path.join(import.meta.dirname, '../../../shared/models'),
  'torch',
);
const names = existsSync(folder)
  ? readdirSync(folder).filter((name) => existsSync(path.join(folder, name, 'io.json')))
  : [];
if (names.length === 0) console.warn(`skipped: real TorchScript archives, for want of ${folder}`);

describe.skipIf(names.length === 0)('a real TorchScript archive', () => {
  const shared = useSharedNode();

  test.each(names)('gives what libtorch gives: %s', async (name) => {
    await expectLibtorchsOutputs(await shared.connect(), path.join(folder, name));
  });
});
