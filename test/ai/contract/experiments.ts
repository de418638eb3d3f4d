import { describe, expect, test } from 'vitest';
import { oneOperator } from '../../support/models.ts';
import { model } from '../../support/node.ts';
import type { Typed } from '../../support/typed-client.ts';
import type { ContractContext } from './context.ts';

/** A reply of AI.EXPERIMENT GET as plain values, whatever the protocol: RESP2 has arrays for maps, and texts for doubles. */
function plain(reply: Typed): unknown {
  if (reply === null || reply === '_') return null;
  if (typeof reply === 'string') {
    const text = reply.slice(1);
    return text === '' || Number.isNaN(Number(text)) ? text : Number(text);
  }
  if (!Array.isArray(reply)) {
    if (!('map' in reply)) throw new Error('neither map nor array');
    return mapOf(reply.map);
  }
  if (typeof reply[0] !== 'string') return reply.map(plain);
  const names = reply.filter((_, i) => i % 2 === 0);
  return mapOf(names.map((name, i) => [name, reply[2 * i + 1] as Typed]));
}

function mapOf(entries: readonly [Typed, Typed][]): unknown {
  return Object.fromEntries(entries.map(([name, value]) => [String(name).slice(1), plain(value)]));
}

interface Times {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
}

interface Arm {
  readonly key: string;
  readonly role: string;
  readonly weight: number;
  readonly runs: number;
  readonly errors: number;
  readonly last_error: string | null;
  readonly latency_us: Times;
  readonly compute_us: Times;
  readonly agreement: Record<string, number | null> | null;
}

interface Experiment {
  readonly mode: string;
  readonly sample: number;
  readonly tolerance: number;
  readonly arms: readonly Arm[];
}

export function experimentContract({
  send,
  connect,
  sendBy,
  key,
  double,
  none,
  typeOf,
}: ContractContext): void {
  const get = async (name = 'e') => plain(await send(`AI.EXPERIMENT GET @${name}`)) as Experiment;
  const store = (name: string, bytes: Uint8Array) => send(`AI.MODELSTORE @${name} ONNX CPU BLOB`, bytes);
  const run = (output = 'y') => send(`AI.MODELEXECUTE @e INPUTS 1 @x OUTPUTS 1 @${output}`);
  /** y = -x, y = |x| and y = -x again: on x = [1, -2] two of them agree. */
  const storeThree = async () => {
    await store('neg', oneOperator('Neg'));
    await store('abs', oneOperator('Abs'));
    await store('same', oneOperator('Neg'));
    await send('AI.TENSORSET @x FLOAT 2 2 VALUES 1 -2 -3 4');
  };
  const doubles = (...values: number[]) => values.map((value) => double(String(value)));

  describe('experiments', () => {
    test('are answered by the primary while the candidates see the same inputs', async () => {
      await storeThree();
      expect(await send('AI.EXPERIMENT SET @e PRIMARY @neg CANDIDATES 2 @abs @same TOLERANCE 0.5')).toBe(
        '+OK',
      );
      for (let i = 0; i < 5; i++) expect(await run()).toBe('+OK');
      expect(await send('AI.TENSORGET @y VALUES')).toEqual(doubles(-1, 2, 3, -4));
      await expect
        .poll(async () => (await get()).arms.map(({ runs }) => runs), { timeout: 20_000 })
        .toEqual([5, 5, 5]);
      await expect.poll(async () => (await get()).arms[2]?.agreement?.compared).toBe(5);
      const { mode, sample, tolerance, arms } = await get();
      expect({ mode, sample, tolerance }).toEqual({ mode: 'SHADOW', sample: 100, tolerance: 0.5 });
      const [primary, abs, same] = arms as [Arm, Arm, Arm];
      expect(primary).toMatchObject({
        key: key('neg'),
        role: 'primary',
        errors: 0,
        last_error: null,
        agreement: null,
      });
      // |x| - -x is 2, 0, 0 and 8; the first row's largest is in the second place of both, the second row's is not.
      expect(abs).toMatchObject({
        ...{ key: key('abs'), role: 'candidate', errors: 0 },
        agreement: {
          ...{ compared: 5, incomparable: 0, max_difference: 8, mean_difference: 2.5 },
          ...{ top1_match: 0.5, rows: 10, rows_over_tolerance: 10 },
        },
      });
      expect(same.agreement).toEqual({
        ...{ compared: 5, incomparable: 0, max_difference: 0, mean_difference: 0 },
        ...{ top1_match: 1, rows: 10, rows_over_tolerance: 0 },
      });
      for (const { latency_us: latency, compute_us: compute } of arms) {
        expect(latency.p50).toBeGreaterThan(0);
        expect(latency.p99).toBeGreaterThanOrEqual(latency.p50);
        expect(compute.p50).toBeLessThanOrEqual(latency.p99);
      }
    });

    test('split their runs by weight', async () => {
      await storeThree();
      expect(
        await send('AI.EXPERIMENT SET @e PRIMARY @neg CANDIDATES 2 @abs @same MODE SPLIT WEIGHTS 0 1 0'),
      ).toBe('+OK');
      for (let i = 0; i < 3; i++) expect(await run()).toBe('+OK');
      expect(await send('AI.TENSORGET @y VALUES')).toEqual(doubles(1, 2, 3, 4));
      expect((await get()).arms.map(({ runs, weight, agreement }) => [runs, weight, agreement])).toEqual([
        [0, 0, null],
        [3, 1, null],
        [0, 0, null],
      ]);
      await send('AI.EXPERIMENT SET @e PRIMARY @neg CANDIDATES 2 @abs @same MODE split');
      for (let i = 0; i < 200; i++) await run();
      const counts = (await get()).arms.map(({ runs }) => runs);
      expect(counts.reduce((sum, runs) => sum + runs)).toBe(200);
      expect(Math.min(...counts)).toBeGreaterThan(0);
    });

    test('shadow the share of the runs that SAMPLE says', async () => {
      await storeThree();
      await send('AI.EXPERIMENT SET @e PRIMARY @neg CANDIDATES 1 @abs SAMPLE 0');
      for (let i = 0; i < 10; i++) await run();
      expect((await get()).arms.map(({ runs }) => runs)).toEqual([10, 0]);
      expect((await get()).arms[1]).toMatchObject({ dropped: 0, waiting: 0, errors: 0 });
    });

    test('run in DAGs, and by AI.MODELRUN', async () => {
      await storeThree();
      await send('AI.EXPERIMENT SET @e PRIMARY @neg CANDIDATES 1 @same');
      const operation = 'AI.MODELEXECUTE @e INPUTS 1 @x OUTPUTS 1 z';
      expect(await send(`AI.DAGEXECUTE LOAD 1 @x |> ${operation} |> AI.TENSORGET z VALUES`)).toEqual([
        '+OK',
        doubles(-1, 2, 3, -4),
      ]);
      expect(await send(`AI.DAGEXECUTE_RO LOAD 1 @x |> ${operation} |> AI.TENSORGET z VALUES`)).toEqual([
        '+OK',
        doubles(-1, 2, 3, -4),
      ]);
      expect(await send('AI.MODELRUN @e INPUTS @x OUTPUTS @y')).toBe('+OK');
      await expect
        .poll(async () => (await get()).arms.map(({ runs }) => runs), { timeout: 20_000 })
        .toEqual([3, 3]);
    });

    test('never show a client what a candidate did wrong', async () => {
      await storeThree();
      await store('mul', model('relu_1x4'));
      await store('gone', oneOperator('Abs'));
      await send('AI.EXPERIMENT SET @e PRIMARY @neg CANDIDATES 2 @mul @gone');
      await send('AI.MODELDEL @gone');
      expect(await run()).toBe('+OK');
      await expect
        .poll(async () => (await get()).arms.map(({ runs, errors }) => [runs, errors]), { timeout: 20_000 })
        .toEqual([
          [1, 0],
          [0, 1],
          [0, 1],
        ]);
      const { arms } = await get();
      expect(arms[1]?.last_error).toContain('Got invalid dimensions');
      expect(arms[2]?.last_error).toBe(`ERR model '${key('gone')}' of the experiment does not exist`);
    });

    test('without their primary say so', async () => {
      await storeThree();
      await send('AI.EXPERIMENT SET @e PRIMARY @neg CANDIDATES 1 @abs');
      await send('AI.MODELDEL @neg');
      expect(await run()).toBe(`-ERR model '${key('neg')}' of the experiment does not exist`);
      await send('AI.TENSORSET @neg FLOAT 1');
      expect(await run()).toBe(`-WRONGTYPE '${key('neg')}' of the experiment is no model`);
      expect((await get()).arms[0]).toMatchObject({ runs: 0, errors: 2 });
      await send('DEL @neg');
      await store('neg', oneOperator('Neg'));
      expect(await run()).toBe('+OK');
    });

    test('check their models when they are set', async () => {
      await storeThree();
      await store('two', model('two_outputs'));
      const set = (rest: string) => send(`AI.EXPERIMENT SET @e ${rest}`);
      expect(await set('PRIMARY @none CANDIDATES 1 @abs')).toBe(
        `-ERR model '${key('none')}' of the experiment does not exist`,
      );
      expect(await set('PRIMARY @neg CANDIDATES 1 @x')).toBe(
        `-WRONGTYPE '${key('x')}' of the experiment is no model`,
      );
      expect(await set('PRIMARY @neg CANDIDATES 1 @two')).toBe(
        `-ERR model '${key('two')}' has 1 inputs and 2 outputs, the primary 1 and 1`,
      );
      expect(await set('PRIMARY @neg CANDIDATES 2 @abs @neg')).toBe(
        `-ERR model '${key('neg')}' is in the experiment twice`,
      );
      expect(await send('AI.EXPERIMENT SET @x PRIMARY @neg CANDIDATES 1 @abs')).toMatch(/^-WRONGTYPE/);
      expect(await send('AI.EXPERIMENT SET @neg PRIMARY @neg CANDIDATES 1 @abs')).toMatch(/^-WRONGTYPE/);
      await set('PRIMARY @neg CANDIDATES 1 @abs');
      expect(await send('AI.EXPERIMENT SET @f PRIMARY @neg CANDIDATES 1 @e')).toBe(
        `-WRONGTYPE '${key('e')}' of the experiment is no model`,
      );
    });

    test.each([
      ['@neg @abs CANDIDATES 1 @abs', 'ERR PRIMARY not specified'],
      ['PRIMARY @neg WITH 1 @abs', 'ERR CANDIDATES not specified'],
      ['PRIMARY @neg CANDIDATES one @abs', 'ERR Invalid argument for candidate_count'],
      ['PRIMARY @neg CANDIDATES 0 @abs', 'ERR Candidate count must be between 1 and 16'],
      ['PRIMARY @neg CANDIDATES 17 @abs', 'ERR Candidate count must be between 1 and 16'],
      [
        'PRIMARY @neg CANDIDATES 2 @abs',
        'ERR number of candidates does not match the number of given arguments',
      ],
      ['PRIMARY @neg CANDIDATES 1 @abs MODE', 'ERR Invalid argument for MODE'],
      ['PRIMARY @neg CANDIDATES 1 @abs MODE BOTH', 'ERR Invalid argument for MODE'],
      ['PRIMARY @neg CANDIDATES 1 @abs MODE SPLIT WEIGHTS 1', 'ERR Invalid argument for WEIGHTS'],
      ['PRIMARY @neg CANDIDATES 1 @abs MODE SPLIT WEIGHTS 0 0', 'ERR Invalid argument for WEIGHTS'],
      ['PRIMARY @neg CANDIDATES 1 @abs MODE SPLIT WEIGHTS 1 -1', 'ERR Invalid argument for WEIGHTS'],
      ['PRIMARY @neg CANDIDATES 1 @abs MODE SPLIT WEIGHTS 1 2 3', 'Invalid argument: 3'],
      ['PRIMARY @neg CANDIDATES 1 @abs WEIGHTS 1 1', 'ERR WEIGHTS is only for MODE SPLIT'],
      ['PRIMARY @neg CANDIDATES 1 @abs MODE SPLIT SAMPLE 5', 'ERR SAMPLE is only for MODE SHADOW'],
      ['PRIMARY @neg CANDIDATES 1 @abs TOLERANCE 1 MODE SPLIT', 'ERR TOLERANCE is only for MODE SHADOW'],
      ['PRIMARY @neg CANDIDATES 1 @abs SAMPLE 100.5', 'ERR Invalid argument for SAMPLE'],
      ['PRIMARY @neg CANDIDATES 1 @abs SAMPLE', 'ERR Invalid argument for SAMPLE'],
      ['PRIMARY @neg CANDIDATES 1 @abs TOLERANCE -1', 'ERR Invalid argument for TOLERANCE'],
      ['PRIMARY @neg CANDIDATES 1 @abs TOLERANCE nan', 'ERR Invalid argument for TOLERANCE'],
      ['PRIMARY @neg CANDIDATES 1 @abs TOLERANCE 1 TOLERANCE 2', 'Invalid argument: TOLERANCE'],
      ['PRIMARY @neg CANDIDATES 1', "ERR wrong number of arguments for 'ai.experiment|set' command"],
    ])('SET %s is refused', async (rest, message) => {
      expect(await send(`AI.EXPERIMENT SET @e ${rest}`)).toBe(`-${message}`);
      expect(await send('EXISTS @e')).toBe(':0');
    });

    test('of other kinds, or none, are refused', async () => {
      await storeThree();
      for (const command of ['GET @x', 'RESET @x', 'DEL @x', 'PROMOTE @x @neg']) {
        expect(await send(`AI.EXPERIMENT ${command}`)).toMatch(/^-WRONGTYPE/);
      }
      for (const command of ['GET @e', 'RESET @e', 'DEL @e', 'PROMOTE @e @neg']) {
        expect(await send(`AI.EXPERIMENT ${command}`)).toBe('-ERR experiment key is empty');
      }
      expect(await send('AI.EXPERIMENT BEGIN @e')).toBe(
        "-ERR unknown subcommand 'BEGIN'. Try AI.EXPERIMENT HELP.",
      );
      expect(await send('AI.EXPERIMENT')).toBe("-ERR wrong number of arguments for 'ai.experiment' command");
      expect(await send('AI.EXPERIMENT GET')).toBe(
        "-ERR wrong number of arguments for 'ai.experiment|get' command",
      );
      expect((await send('AI.EXPERIMENT HELP')) as Typed[]).toContain('+PROMOTE <key> <model>');
    });

    test('promote a candidate, which gets the share of the primary', async () => {
      await storeThree();
      await send('AI.EXPERIMENT SET @e PRIMARY @neg CANDIDATES 2 @same @abs MODE SPLIT WEIGHTS 5 0 0');
      await run();
      expect(await send('AI.EXPERIMENT PROMOTE @e @abs')).toBe('+OK');
      expect((await get()).arms.map(({ key, role, weight, runs }) => [key, role, weight, runs])).toEqual([
        [key('abs'), 'primary', 5, 0],
        [key('same'), 'candidate', 0, 0],
        [key('neg'), 'candidate', 0, 0],
      ]);
      await run();
      expect(await send('AI.TENSORGET @y VALUES')).toEqual(doubles(1, 2, 3, 4));
      for (const other of ['abs', 'x']) {
        expect(await send(`AI.EXPERIMENT PROMOTE @e @${other}`)).toBe(
          `-ERR model '${key(other)}' is no candidate of the experiment`,
        );
      }
      await send('AI.MODELDEL @neg');
      expect(await send('AI.EXPERIMENT PROMOTE @e @neg')).toBe(
        `-ERR model '${key('neg')}' of the experiment does not exist`,
      );
    });

    test('keep their time to live when a candidate is promoted', async () => {
      await storeThree();
      await send('AI.EXPERIMENT SET @e PRIMARY @neg CANDIDATES 1 @abs');
      await send('EXPIRE @e 1000');
      await send('AI.EXPERIMENT PROMOTE @e @abs');
      expect(Number(String(await send('TTL @e')).slice(1))).toBeGreaterThan(900);
    });

    test('begin to count anew with RESET', async () => {
      await storeThree();
      await send('AI.EXPERIMENT SET @e PRIMARY @neg CANDIDATES 1 @abs');
      await run();
      await expect.poll(async () => (await get()).arms[1]?.agreement?.compared, { timeout: 20_000 }).toBe(1);
      expect(await send('AI.EXPERIMENT RESET @e')).toBe('+OK');
      const { arms } = await get();
      expect(arms[0]).toMatchObject({ runs: 0, latency_us: { p50: 0, p90: 0, p99: 0 } });
      expect(arms[1]).toMatchObject({ runs: 0, agreement: { compared: 0, rows: 0, top1_match: null } });
    });

    test('are values as others are', async () => {
      await storeThree();
      await send('AI.EXPERIMENT SET @e PRIMARY @neg CANDIDATES 1 @abs SAMPLE 0 TOLERANCE 1e-6');
      expect(await send('TYPE @e')).toBe(typeOf('+AI_EXPRMT'));
      const reply = (await send('DUMP @e')) as string;
      expect(await send('RESTORE @f 0', Buffer.from(reply.slice(1), 'latin1'))).toBe('+OK');
      expect(await send('RENAME @f @g')).toBe('+OK');
      expect(await send('COPY @g @h')).toBe(':1');
      await send('AI.MODELEXECUTE @g INPUTS 1 @x OUTPUTS 1 @y');
      expect(await get('h')).toMatchObject({ mode: 'SHADOW', sample: 0, tolerance: 1e-6 });
      expect((await get('g')).arms[0]?.runs).toBe(1);
      expect(await send('AI.MODELGET @e')).toMatch(/^-WRONGTYPE/);
      expect(await send('AI.MODELDEL @e')).toMatch(/^-WRONGTYPE/);
      expect(await send('AI.TENSORGET @e VALUES')).toMatch(/^-WRONGTYPE/);
      expect(await send('AI.INFO @e')).toBe('-ERR cannot find run info for key');
      expect(((await send('AI._MODELSCAN')) as Typed[][]).map(([name]) => name).sort()).toEqual(
        ['abs', 'neg', 'same'].map((name) => `$${key(name)}`),
      );
      expect(await send('PEXPIRE @g 1')).toBe(':1');
      await expect.poll(() => send('EXISTS @g')).toBe(':0');
      expect(await send('AI.EXPERIMENT DEL @e')).toBe('+OK');
      expect(await send('EXISTS @e')).toBe(':0');
      expect(await send('EXISTS @neg @abs')).toBe(':2');
    });

    test('are read in transactions, where nothing runs', async () => {
      await storeThree();
      await send('AI.EXPERIMENT SET @e PRIMARY @neg CANDIDATES 1 @abs');
      expect(await send('MULTI')).toBe('+OK');
      expect(await send('AI.EXPERIMENT GET @e')).toBe('+QUEUED');
      expect(await run()).toBe('+QUEUED');
      const [report, ran] = (await send('EXEC')) as [Typed, Typed];
      expect((plain(report) as Experiment).arms.map(({ key }) => key)).toEqual([key('neg'), key('abs')]);
      expect(ran).toBe('-ERR Cannot run RedisAI command within a transaction or a LUA script');
    });

    test('are seen by others at once', async () => {
      await storeThree();
      await send('AI.EXPERIMENT SET @e PRIMARY @neg CANDIDATES 1 @abs SAMPLE 0');
      const other = await connect();
      await run();
      await sendBy(other, 'AI.EXPERIMENT SET @e PRIMARY @abs CANDIDATES 1 @same SAMPLE 0');
      await run();
      expect(await send('AI.TENSORGET @y VALUES')).toEqual(doubles(1, 2, 3, 4));
      await sendBy(other, 'AI.MODELSTORE @abs ONNX CPU BLOB', oneOperator('Neg'));
      await run();
      expect(await send('AI.TENSORGET @y VALUES')).toEqual(doubles(-1, 2, 3, -4));
      await sendBy(other, 'DEL @e');
      expect(await run()).toBe('-ERR model key is empty');
      expect(await send('AI.TENSORGET @none VALUES')).not.toBe(none);
    });
  });
}
