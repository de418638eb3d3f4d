import { describe, expect, test } from 'vitest';
import { bulk, type ContractContext } from './context.ts';

/** A few elements of each dtype: as VALUES, as bytes, as they are answered (doubles marked by `.`). */
const SAMPLES: [dtype: string, values: string[], bytes: string, answered: string[]][] = [
  ['FLOAT', ['0.1', '-2', 'inf'], 'cdcccc3d000000c00000807f', ['.0.10000000149011612', '.-2', '.inf']],
  ['DOUBLE', ['0.1', '-2'], '9a9999999999b93f00000000000000c0', ['.0.10000000000000001', '.-2']],
  ['INT8', ['-128', '127'], '807f', [':-128', ':127']],
  ['INT16', ['-32768', '32767'], '0080ff7f', [':-32768', ':32767']],
  ['INT32', ['-2147483648', '2147483647'], '00000080ffffff7f', [':-2147483648', ':2147483647']],
  [
    'INT64',
    ['-9223372036854775808', '9223372036854775807'],
    '0000000000000080ffffffffffffff7f',
    [':-9223372036854775808', ':9223372036854775807'],
  ],
  ['UINT8', ['0', '255'], '00ff', [':0', ':255']],
  ['UINT16', ['0', '65535'], '0000ffff', [':0', ':65535']],
  ['BOOL', ['0', '1'], '0001', [':0', ':1']],
  ['STRING', ['one', 'größe'], '6f6e65006772c3b6c39f6500', ['$one', '$grÃ¶Ã\x9fe']],
];

export function tensorContract({ send, double, key }: ContractContext): void {
  describe('tensors', () => {
    test.each(SAMPLES)('%s, by VALUES and by BLOB, in all formats', async (dtype, values, hex, answered) => {
      const bytes = Buffer.from(hex, 'hex');
      const meta = ['$dtype', `$${dtype}`, '$shape', [':1', `:${values.length}`]];
      const texts = answered.map((text) => (text.startsWith('.') ? double(text.slice(1)) : text));
      const shape = `${dtype} 1 ${values.length}`;
      expect(await send(`AI.TENSORSET @v ${shape} VALUES`, ...values)).toBe('+OK');
      expect(await send(`AI.TENSORSET @b ${shape} BLOB`, bytes)).toBe('+OK');
      for (const name of ['@v', '@b']) {
        expect(await send(`AI.TENSORGET ${name} META`)).toEqual(meta);
        expect(await send(`AI.TENSORGET ${name} BLOB`)).toBe(bulk(bytes));
        expect(await send(`AI.TENSORGET ${name} VALUES`)).toEqual(texts);
        expect(await send(`AI.TENSORGET ${name}`)).toEqual([...meta, '$blob', bulk(bytes)]);
        expect(await send(`AI.TENSORGET ${name} META BLOB`)).toEqual([...meta, '$blob', bulk(bytes)]);
        expect(await send(`AI.TENSORGET ${name} META VALUES`)).toEqual([...meta, '$values', texts]);
      }
    });

    test('without values are zeros, and may have many dimensions', async () => {
      expect(await send('AI.TENSORSET @z INT16 2 1 1 2 1')).toBe('+OK');
      expect(await send('AI.TENSORGET @z META VALUES')).toEqual([
        ...['$dtype', '$INT16', '$shape', [':2', ':1', ':1', ':2', ':1']],
        ...['$values', [':0', ':0', ':0', ':0']],
      ]);
    });

    test('are replaced whole', async () => {
      await send('AI.TENSORSET @t FLOAT 2 2 VALUES 1 2 3 4');
      expect(await send('AI.TENSORSET @t STRING 1 VALUES word')).toBe('+OK');
      expect(await send('AI.TENSORGET @t META VALUES')).toEqual([
        ...['$dtype', '$STRING', '$shape', [':1'], '$values', ['$word']],
      ]);
    });

    test('lie under keys of any bytes', async () => {
      const name = Buffer.concat([Buffer.from([0xff, 0x00, 0x0d, 0x0a]), Buffer.from(key(''))]);
      expect(await send('AI.TENSORSET', name, 'UINT8', 1, 'VALUES', 7)).toBe('+OK');
      expect(await send('AI.TENSORGET', name, 'VALUES')).toEqual([':7']);
    });
  });
}
