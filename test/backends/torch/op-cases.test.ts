import { describe, expect, test } from 'vitest';
import { differences, opCases } from '../../support/torch-op-cases.ts';

const CASES = opCases();

describe.each([...CASES])('%s', (_, cases) => {
  test.each(cases.map((one) => [one.code.slice(one.code.indexOf('\n') + 1), one] as const))(
    '%s',
    async (_code, one) => {
      expect(await differences(one)).toEqual([]);
    },
  );
});
