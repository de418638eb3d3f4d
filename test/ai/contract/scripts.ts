import { describe, expect, test } from 'vitest';
import type { Typed } from '../../support/typed-client.ts';
import type { ContractContext } from './context.ts';

const SOURCE =
  'def first(tensors: List[Tensor], keys: List[str], args: List[str]):\n    return tensors[0]\n\n' +
  'def last(tensors: List[Tensor], keys: List[str], args: List[str]):\n    return tensors[-1]\n';
const OLD_SOURCE = 'def bar(a, b):\n    return a + b\n';

export function scriptContract({ send, key, double }: ContractContext): void {
  const doubles = (...values: number[]) => values.map((value) => double(String(value)));

  describe('scripts', () => {
    test('are stored with their entry points and read back', async () => {
      expect(await send('AI.SCRIPTSTORE @s cpu TAG v1 ENTRY_POINTS 2 first last SOURCE', SOURCE)).toBe('+OK');
      const meta = ['$device', '$cpu', '$tag', '$v1', '$Entry Points', ['$first', '$last']];
      expect(await send('AI.SCRIPTGET @s META')).toEqual(meta);
      expect(await send('AI.SCRIPTGET @s SOURCE')).toBe(`$${SOURCE}`);
      for (const options of ['', ' META SOURCE', ' ANYTHING']) {
        expect(await send(`AI.SCRIPTGET @s${options}`)).toEqual([...meta, '$source', `$${SOURCE}`]);
      }
    });

    test('of AI.SCRIPTSET have no entry points', async () => {
      expect(await send('AI.SCRIPTSET @s CPU SOURCE', OLD_SOURCE)).toBe('+OK');
      expect(await send('AI.SCRIPTGET @s')).toEqual([
        ...['$device', '$CPU', '$tag', '$', '$Entry Points', [], '$source', `$${OLD_SOURCE}`],
      ]);
    });

    test('are replaced whole', async () => {
      await send('AI.SCRIPTSTORE @s CPU TAG v1 ENTRY_POINTS 1 first SOURCE', SOURCE);
      expect(await send('AI.SCRIPTSET @s CPU:1 TAG v2 SOURCE', OLD_SOURCE)).toBe('+OK');
      expect(await send('AI.SCRIPTGET @s META')).toEqual([
        ...['$device', '$CPU:1', '$tag', '$v2', '$Entry Points', []],
      ]);
    });

    test('are listed with their tags, and no longer once they are deleted', async () => {
      expect(await send('AI._SCRIPTSCAN')).toEqual([]);
      await send('AI.SCRIPTSTORE @s CPU TAG v1 ENTRY_POINTS 1 first SOURCE', SOURCE);
      await send('AI.SCRIPTSET @t CPU SOURCE', OLD_SOURCE);
      await send('AI.TENSORSET @x FLOAT 1');
      const found = (await send('AI._SCRIPTSCAN')) as Typed[][];
      expect(found.sort()).toEqual([
        [`$${key('s')}`, '$v1'],
        [`$${key('t')}`, '$'],
      ]);
      expect(await send('AI.SCRIPTDEL @s')).toBe('+OK');
      expect(await send('AI._SCRIPTSCAN')).toEqual([[`$${key('t')}`, '$']]);
      expect(await send('AI.SCRIPTGET @s')).toBe('-ERR script key is empty');
    });

    test('that are no good leave the key as it was', async () => {
      await send('AI.SCRIPTSTORE @s CPU TAG v1 ENTRY_POINTS 1 first SOURCE', SOURCE);
      expect(await send('AI.SCRIPTSTORE @s CPU TAG v2 ENTRY_POINTS 1 none SOURCE', SOURCE)).toBe(
        '-Function none does not exist in the given script.',
      );
      expect(await send('AI.SCRIPTGET @s META')).toEqual([
        ...['$device', '$CPU', '$tag', '$v1', '$Entry Points', ['$first']],
      ]);
    });

    test('run on tensors of the keyspace', async () => {
      await send('AI.SCRIPTSTORE @s CPU ENTRY_POINTS 2 first last SOURCE', SOURCE);
      await send('AI.SCRIPTSET @old CPU SOURCE', OLD_SOURCE);
      await send('AI.TENSORSET @a FLOAT 2 VALUES 1 2');
      await send('AI.TENSORSET @b FLOAT 2 VALUES 3 4');
      expect(await send('AI.SCRIPTEXECUTE @s last INPUTS 2 @a @b OUTPUTS 1 @c TIMEOUT 60000')).toBe('+OK');
      expect(await send('AI.TENSORGET @c VALUES')).toEqual(doubles(3, 4));
      expect(await send('AI.SCRIPTRUN @old bar INPUTS @a @b OUTPUTS @c')).toBe('+OK');
      expect(await send('AI.TENSORGET @c VALUES')).toEqual(doubles(4, 6));
    });

    test('run in a DAG', async () => {
      await send('AI.SCRIPTSTORE @s CPU ENTRY_POINTS 2 first last SOURCE', SOURCE);
      await send('AI.TENSORSET @a FLOAT 2 VALUES 1 2');
      const steps =
        '|> AI.TENSORSET x FLOAT 1 VALUES 5 |> AI.SCRIPTEXECUTE @s last INPUTS 2 @a x OUTPUTS 1 @b |> AI.TENSORGET @b VALUES';
      expect(await send(`AI.DAGEXECUTE LOAD 1 @a PERSIST 1 @b ${steps}`)).toEqual(['+OK', '+OK', doubles(5)]);
      expect(await send('AI.TENSORGET @b VALUES')).toEqual(doubles(5));
    });

    test('reach the keys next to them', async () => {
      const source =
        'def f(tensors: List[Tensor], keys: List[str], args: List[str]):\n' +
        '    redis.execute("SET", keys[0], args[0])\n    return torch.tensor(len(str(redis.execute("GET", keys[0]))))\n';
      await send('AI.SCRIPTSTORE @s CPU ENTRY_POINTS 1 f SOURCE', source);
      expect(await send('AI.SCRIPTEXECUTE @s f KEYS 1 @k ARGS 1 four OUTPUTS 1 @n')).toBe('+OK');
      expect(await send('GET @k')).toBe('$four');
      expect(await send('AI.TENSORGET @n VALUES')).toEqual([':4']);
    });

    test('have no rows to count in AI.INFO', async () => {
      await send('AI.SCRIPTSTORE @s CPU TAG v1 ENTRY_POINTS 1 first SOURCE', SOURCE);
      const info = [
        ...[
          '$key',
          `$${key('s')}`,
          '$type',
          '$SCRIPT',
          '$backend',
          '$TORCH',
          '$device',
          '$CPU',
          '$tag',
          '$v1',
        ],
        ...['$duration', ':0', '$samples', ':-1', '$calls', ':0', '$errors', ':0'],
      ];
      expect(await send('AI.INFO @s')).toEqual(info);
      expect(await send('AI.INFO @s RESETSTAT')).toBe('+OK');
      expect(await send('AI.INFO @s')).toEqual(info);
    });
  });
}
