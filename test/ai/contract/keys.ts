import { describe, expect, test } from 'vitest';
import { model } from '../../support/node.ts';
import type { Typed } from '../../support/typed-client.ts';
import type { ContractContext } from './context.ts';

const SOURCE = 'def f(tensors: List[Tensor], keys: List[str], args: List[str]):\n    return tensors[0]\n';

export function keyContract({ send, sendBy, connect, double, typeOf }: ContractContext): void {
  const kinds = {
    tensor: {
      type: '+AI_TENSOR',
      store: () => send('AI.TENSORSET @k FLOAT 1 2 VALUES 2 3'),
      read: 'AI.TENSORGET',
    },
    model: {
      type: '+AI__MODEL',
      store: () => send('AI.MODELSTORE @k ONNX CPU TAG v1 BATCHSIZE 4 BLOB', model('mul')),
      read: 'AI.MODELGET',
    },
    script: {
      type: '+AI_SCRIPT',
      store: () => send('AI.SCRIPTSTORE @k CPU TAG v1 ENTRY_POINTS 1 f SOURCE', SOURCE),
      read: 'AI.SCRIPTGET',
    },
  };

  /** A model under that key runs. */
  const expectRuns = async (name: string) => {
    await send('AI.TENSORSET @in FLOAT 1 2 VALUES 2 3');
    expect(await send(`AI.MODELEXECUTE ${name} INPUTS 2 @in @in OUTPUTS 1 @out`)).toBe('+OK');
    expect(await send('AI.TENSORGET @out VALUES')).toEqual([double('4'), double('9')]);
  };

  describe.each(Object.entries(kinds))('a %s is a value like any other', (kind, { type, store, read }) => {
    const gone = `-ERR ${kind === 'tensor' ? 'tensor key is empty or in a different shard' : `${kind} key is empty`}`;

    test('with a type and an encoding', async () => {
      await store();
      expect(await send('TYPE @k')).toBe(typeOf(type));
      expect(await send('OBJECT ENCODING @k')).toBe('$raw');
      expect(await send('EXISTS @k')).toBe(':1');
      expect(await send('DEL @k')).toBe(':1');
      expect(await send(`${read} @k`)).toBe(gone);
    });

    test('that expires, and is new once it is stored again', async () => {
      await store();
      expect(await send('EXPIRE @k 1000')).toBe(':1');
      expect(await send('TTL @k')).toBe(':1000');
      expect(await store()).toBe('+OK');
      expect(await send('TTL @k')).toBe(':-1');
      expect(await send('PEXPIRE @k 1')).toBe(':1');
      await expect.poll(() => send(`${read} @k`)).toBe(gone);
    });

    test('that is renamed', async () => {
      await store();
      const before = await send(`${read} @k`);
      await send('EXPIRE @k 1000');
      expect(await send('RENAME @k @l')).toBe('+OK');
      expect(await send(`${read} @k`)).toBe(gone);
      expect(await send(`${read} @l`)).toEqual(before);
      expect(await send('TTL @l')).toBe(':1000');
      if (kind === 'model') await expectRuns('@l');
    });

    test('that is copied, and the copy outlives it', async () => {
      await store();
      const before = await send(`${read} @k`);
      expect(await send('COPY @k @l')).toBe(':1');
      expect(await send('DEL @k')).toBe(':1');
      expect(await send(`${read} @l`)).toEqual(before);
      if (kind === 'model') await expectRuns('@l');
    });

    test('that is dumped and restored', async () => {
      await store();
      const before = await send(`${read} @k`);
      const payload = Buffer.from(String(await send('DUMP @k')).slice(1), 'latin1');
      expect(await send('RESTORE @l 0', payload)).toBe('+OK');
      expect(await send(`${read} @l`)).toEqual(before);
      expect(await send('DUMP @l')).toBe(`$${payload.toString('latin1')}`);
      if (kind === 'model') await expectRuns('@l');
    });

    test('in transactions, and watched', async () => {
      await store();
      const value = await send(`${read} @k`);
      await send('WATCH @k');
      await send('MULTI');
      expect(await send(`${read} @k`)).toBe('+QUEUED');
      expect(await send('DEL @k')).toBe('+QUEUED');
      expect(await send(`${read} @k`)).toBe('+QUEUED');
      expect(await send('EXEC')).toEqual([value, ':1', gone]);
      await send('WATCH @k');
      await sendBy(await connect(), 'SET @k v');
      await send('MULTI');
      await send(`${read} @k`);
      expect(await send('EXEC')).toSatisfy((reply: Typed) => reply === null || reply === '_');
    });
  });

  test('an output takes the place of a tensor with its time to live', async () => {
    await send('AI.MODELSTORE @m ONNX CPU BLOB', model('mul'));
    await send('AI.TENSORSET @in FLOAT 1 2 VALUES 2 3');
    for (const run of [
      'AI.MODELEXECUTE @m INPUTS 2 @in @in OUTPUTS 1 @out',
      'AI.DAGEXECUTE LOAD 1 @in PERSIST 1 @out |> AI.MODELEXECUTE @m INPUTS 2 @in @in OUTPUTS 1 @out',
    ]) {
      await send('AI.TENSORSET @out INT8 1');
      await send('EXPIRE @out 1000');
      await send(run);
      expect(await send('AI.TENSORGET @out VALUES')).toEqual([double('4'), double('9')]);
      expect(await send('TTL @out')).toBe(':-1');
    }
  });
}
