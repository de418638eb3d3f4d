import { describe, expect, test } from 'vitest';
import { model } from '../../support/node.ts';
import type { ContractContext } from './context.ts';

export function runContract({ send, sendBy, connect, double }: ContractContext): void {
  const store = (name: string, file: string, options = '') =>
    send(`AI.MODELSTORE @${name} ONNX CPU${options} BLOB`, model(file));
  const doubles = (...values: number[]) => values.map((value) => double(String(value)));

  describe('runs', () => {
    test.each([
      'AI.MODELEXECUTE @m INPUTS 2 @a @b OUTPUTS 1 @c',
      'AI.MODELEXECUTE @m INPUTS 2 @a @b OUTPUTS 1 @c TIMEOUT 5000',
      'AI.MODELRUN @m INPUTS @a @b OUTPUTS @c',
      'AI.MODELRUN @m TIMEOUT 5000 INPUTS @a @b OUTPUTS @c',
    ])('%s', async (command) => {
      await store('m', 'mul');
      await send('AI.TENSORSET @a FLOAT 2 2 VALUES 1 2 3 4');
      await send('AI.TENSORSET @b FLOAT 2 2 VALUES 2 3 4 5');
      expect(await send(command)).toBe('+OK');
      expect(await send('AI.TENSORGET @c META VALUES')).toEqual([
        ...['$dtype', '$FLOAT', '$shape', [':2', ':2'], '$values', doubles(2, 6, 12, 20)],
      ]);
    });

    test('may write over their inputs', async () => {
      await store('m', 'mul');
      await send('AI.TENSORSET @a FLOAT 1 2 VALUES 2 3');
      expect(await send('AI.MODELEXECUTE @m INPUTS 2 @a @a OUTPUTS 1 @a')).toBe('+OK');
      expect(await send('AI.TENSORGET @a VALUES')).toEqual(doubles(4, 9));
    });

    test('may have several outputs; of two with one key the last stays', async () => {
      await store('m', 'two_outputs');
      await send('AI.TENSORSET @x FLOAT 1 2 VALUES -2 3');
      expect(await send('AI.MODELEXECUTE @m INPUTS 1 @x OUTPUTS 2 @y @z')).toBe('+OK');
      expect(await send('AI.TENSORGET @y VALUES')).toEqual(doubles(2, -3));
      expect(await send('AI.TENSORGET @z VALUES')).toEqual(doubles(2, 3));
      expect(await send('AI.MODELEXECUTE @m INPUTS 1 @x OUTPUTS 2 @w @w')).toBe('+OK');
      expect(await send('AI.TENSORGET @w VALUES')).toEqual(doubles(2, 3));
    });

    test('are exact on INT64', async () => {
      await store('m', 'add_int64');
      await send('AI.TENSORSET @i INT64 2 VALUES 9007199254740993 -2');
      expect(await send('AI.MODELEXECUTE @m INPUTS 2 @i @i OUTPUTS 1 @o')).toBe('+OK');
      expect(await send('AI.TENSORGET @o VALUES')).toEqual([':18014398509481986', ':-4']);
    });

    test('take and give strings', async () => {
      await store('m', 'string_identity');
      await send('AI.TENSORSET @s STRING 2 2 VALUES a bb größe d');
      expect(await send('AI.MODELEXECUTE @m INPUTS 1 @s OUTPUTS 1 @t')).toBe('+OK');
      expect(await send('AI.TENSORGET @t META BLOB')).toEqual(await send('AI.TENSORGET @s META BLOB'));
    });

    test('wait in the queue for no longer than TIMEOUT, and then write nothing', async () => {
      await store('m', 'mlp_dyn', ' BATCHSIZE 4 MINBATCHSIZE 2');
      await send('AI.TENSORSET @x FLOAT 1 64');
      expect(await send('AI.MODELEXECUTE @m INPUTS 1 @x OUTPUTS 1 @y TIMEOUT 20')).toBe('+TIMEDOUT');
      expect(await send('AI.MODELRUN @m TIMEOUT 20 INPUTS @x OUTPUTS @y')).toBe('+TIMEDOUT');
      expect(await send('EXISTS @y')).toBe(':0');
      // Nothing of them is left in the queue: these two rows are the batch.
      await send('AI.TENSORSET @x FLOAT 2 64');
      expect(await send('AI.MODELEXECUTE @m INPUTS 1 @x OUTPUTS 1 @y TIMEOUT 20000')).toBe('+OK');
    });

    test('of several clients share a batch, and each gets its own rows', async () => {
      await store('alone', 'mul');
      await store('m', 'mul', ' BATCHSIZE 8 MINBATCHSIZE 6');
      const rows = [1, 2, 3];
      for (const count of rows) {
        const values = Array.from({ length: 2 * count }, (_, i) => 10 * count + i);
        await send(`AI.TENSORSET @x${count} FLOAT ${count} 2 VALUES`, ...values);
      }
      const others = await Promise.all(rows.map(connect));
      const replies = rows.map((count, i) =>
        sendBy(others[i] as never, `AI.MODELEXECUTE @m INPUTS 2 @x${count} @x${count} OUTPUTS 1 @y${count}`),
      );
      expect(await Promise.all(replies)).toEqual(['+OK', '+OK', '+OK']);
      for (const count of rows) {
        await send(`AI.MODELEXECUTE @alone INPUTS 2 @x${count} @x${count} OUTPUTS 1 @z${count}`);
        expect(await send(`AI.TENSORGET @y${count}`)).toEqual(await send(`AI.TENSORGET @z${count}`));
      }
    });
  });
}
