import { describe, expect, test } from 'vitest';
import { model } from '../../support/node.ts';
import type { ContractContext } from './context.ts';

const RUN = '|> AI.MODELEXECUTE @m INPUTS 2 @a @b OUTPUTS 1 c';
const OLD_RUN = '|> AI.MODELRUN @m INPUTS @a @b OUTPUTS c';
const READ = '|> AI.TENSORGET c VALUES';

export function dagContract({ send, double }: ContractContext): void {
  const doubles = (...values: number[]) => values.map((value) => double(String(value)));
  const prepare = async () => {
    await send('AI.MODELSTORE @m ONNX CPU BLOB', model('mul'));
    await send('AI.TENSORSET @a FLOAT 1 2 VALUES 2 3');
    await send('AI.TENSORSET @b FLOAT 1 2 VALUES 4 5');
  };

  describe('a DAG', () => {
    test.each([
      `AI.DAGEXECUTE LOAD 2 @a @b ${RUN} ${READ}`,
      `AI.DAGEXECUTE LOAD 2 @a @b ROUTING @a TIMEOUT 5000 ${RUN} ${READ}`,
      `AI.DAGEXECUTE_RO TIMEOUT 5000 LOAD 2 @a @b ${RUN} ${READ}`,
      `AI.DAGRUN LOAD 2 @a @b ${OLD_RUN} ${READ}`,
      `AI.DAGRUN TIMEOUT 5000 LOAD 2 @a @b ${OLD_RUN} ${READ}`,
      `AI.DAGRUN_RO LOAD 2 @a @b ${OLD_RUN} ${READ}`,
    ])('runs on what it loads and keeps nothing: %s', async (command) => {
      await prepare();
      expect(await send(command)).toEqual(['+OK', doubles(8, 15)]);
      expect(await send('DBSIZE')).toBe(':3');
    });

    test.each([
      'AI.DAGEXECUTE LOAD 2 @a @b PERSIST 2 @c @d |> AI.MODELEXECUTE @m INPUTS 2 @a @b OUTPUTS 1 @c',
      'AI.DAGEXECUTE PERSIST 2 @c @d LOAD 2 @a @b |> AI.MODELEXECUTE @m INPUTS 2 @a @b OUTPUTS 1 @c',
      'AI.DAGRUN LOAD 2 @a @b PERSIST 2 @c @d |> AI.MODELRUN @m INPUTS @a @b OUTPUTS @c',
    ])('persists what it is told: %s', async (command) => {
      await prepare();
      expect(await send(`${command} |> AI.TENSORSET @d INT8 1 VALUES 7`)).toEqual(['+OK', '+OK']);
      expect(await send('AI.TENSORGET @c VALUES')).toEqual(doubles(8, 15));
      expect(await send('AI.TENSORGET @d META VALUES')).toEqual([
        ...['$dtype', '$INT8', '$shape', [':1'], '$values', [':7']],
      ]);
    });

    test.each([
      'AI.DAGEXECUTE ROUTING @r |> AI.TENSORSET x FLOAT 1 2 VALUES 1 2 |> AI.TENSORGET x VALUES',
      'AI.DAGEXECUTE_RO ROUTING @r |> AI.TENSORSET x FLOAT 1 2 VALUES 1 2 |> AI.TENSORGET x VALUES',
      'AI.DAGRUN |> AI.TENSORSET x FLOAT 1 2 VALUES 1 2 |> AI.TENSORGET x VALUES',
      'AI.DAGRUN_RO |> AI.TENSORSET x FLOAT 1 2 VALUES 1 2 |> AI.TENSORGET x VALUES',
    ])('need not touch a key: %s', async (command) => {
      expect(await send(command)).toEqual(['+OK', doubles(1, 2)]);
      expect(await send('DBSIZE')).toBe(':0');
    });

    test('answers each operation in its own format', async () => {
      await prepare();
      const meta = ['$dtype', '$FLOAT', '$shape', [':1', ':2']];
      const blob = '$\0\0\0@\0\0@@';
      expect(
        await send(
          'AI.DAGEXECUTE LOAD 1 @a |> AI.TENSORGET @a |> AI.TENSORGET @a META |> AI.TENSORGET @a BLOB |> AI.TENSORGET @a META VALUES',
        ),
      ).toEqual([[...meta, '$blob', blob], meta, blob, [...meta, '$values', doubles(2, 3)]]);
    });

    test('ends with the first error: what has not begun is NA, and nothing is persisted', async () => {
      await prepare();
      expect(
        await send(
          'AI.DAGEXECUTE LOAD 1 @a PERSIST 2 @x @c |> AI.TENSORSET @x INT32 1 2 |> AI.MODELEXECUTE @m INPUTS 2 @a @x OUTPUTS 1 @c |> AI.TENSORGET @c',
        ),
      ).toEqual([
        '+OK',
        '-Unexpected input data type. Actual: (tensor(int32)) , expected: (tensor(float))',
        '+NA',
      ]);
      expect(await send('EXISTS @x @c')).toBe(':0');
    });

    test('waits in a queue for no longer than TIMEOUT, and is then off as a whole', async () => {
      await prepare();
      await send('AI.MODELSTORE @waits ONNX CPU BATCHSIZE 4 MINBATCHSIZE 2 BLOB', model('mul'));
      const operations = '|> AI.TENSORSET @d FLOAT 1 |> AI.MODELEXECUTE @waits INPUTS 2 @a @b OUTPUTS 1 @c';
      expect(await send(`AI.DAGEXECUTE LOAD 2 @a @b PERSIST 2 @c @d TIMEOUT 20 ${operations}`)).toBe(
        '+TIMEDOUT',
      );
      expect(await send('EXISTS @c @d')).toBe(':0');
    });
  });
}
