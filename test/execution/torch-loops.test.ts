import { expect, test } from 'vitest';
import { nodeFixture } from '../support/node-fixture.ts';
import { archive } from '../support/torch-archives.ts';

const fixture = nodeFixture();

/** Ends where no element is positive any more. */
const LOOP = `
  def forward(self, x: Tensor) -> Tensor:
    while bool(torch.gt(torch.max(x), 0)):
      x = torch.add(x, self.step)
    return x
`;

test('a TORCH model that loops without end is answered by its own worker, which goes on', async () => {
  const client = await fixture.start({ executionTimeoutMs: 1000 });
  expect(await client.send('AI.MODELSTORE', 'up', 'TORCH', 'CPU', 'BLOB', archive(LOOP, { step: 1 }))).toBe(
    'OK',
  );
  const run = (to: string) => ['AI.MODELEXECUTE', 'up', 'INPUTS', 1, 'x', 'OUTPUTS', 1, to] as const;
  await client.send('AI.TENSORSET', 'x', 'FLOAT', 1, 'VALUES', 1);
  for (let i = 0; i < 2; i++) expect(await client.error(...run('y'))).toContain('the run takes too long');
  await client.send('AI.TENSORSET', 'x', 'FLOAT', 2, 'VALUES', -1, -2);
  expect(await client.send(...run('y'))).toBe('OK');
  expect(await client.send('AI.TENSORGET', 'y', 'VALUES')).toEqual(['-1', '-2']);
  expect(fixture.node.context.devices.counters()).toMatchObject({ timedOutRuns: 0, workersReplaced: 0 });
});
