import { oneOperator } from '../support/models.ts';
import { Register } from '../support/register.ts';

/** A client of a cluster. @param key that says which node gets the command. */
export type Call = (
  key: string,
  command: string,
  ...args: (string | number | Uint8Array)[]
) => Promise<unknown>;

export interface ClusterLoad {
  /** Reads of what another client wrote, so far. */
  checks(): number;
  /** @returns all that went wrong: errors at the clients, and values that cannot have been there. */
  stop(): Promise<string[]>;
}

/**
 * Sets, runs and gets under each hash tag, without end: one client writes and looks at what comes out, the other reads meanwhile. The clients take
 * turns from tag to tag.
 */
export function startLoad(tags: readonly string[], clients: Readonly<Record<string, Call>>): ClusterLoad {
  const failed: string[] = [];
  const registers: Register<number>[] = [];
  let isOver = false;
  /** Repeats it until all is over; what goes wrong is kept. */
  const repeated = async (name: string, turn: (n: number) => Promise<void>) => {
    for (let n = 1; !isOver; n++)
      await turn(n).catch((error: Error) => failed.push(`${name}: ${error.message}`));
  };
  const loads = tags.flatMap((tag, i) => {
    const inTurn = Object.entries(clients);
    const [[name, call], [otherName, other]] = (i % 2 === 0 ? inTurn : inTurn.toReversed()) as [
      [string, Call],
      [string, Call],
    ];
    const register = new Register(`in${tag}`, 0);
    registers.push(register);
    const absent = (error: Error) => {
      if (/tensor key is empty/.test(error.message)) return [0, 0];
      throw error;
    };
    return [
      write(tag, call, other, register, (turn) => repeated(name, turn)),
      repeated(otherName, () =>
        register.read('TENSORGET', async () =>
          numberIn(await other(tag, 'AI.TENSORGET', `in${tag}`, 'VALUES').catch(absent)),
        ),
      ),
    ];
  });
  return {
    checks: () => registers.reduce((sum, register) => sum + register.checks, 0),
    async stop() {
      isOver = true;
      await Promise.all(loads);
      return [...failed, ...registers.flatMap(({ wrong }) => wrong)];
    },
  };
}

async function write(
  tag: string,
  call: Call,
  other: Call,
  register: Register<number>,
  repeated: (turn: (n: number) => Promise<void>) => Promise<void>,
): Promise<void> {
  const keys = ['in', 'out', 'kept', 'twice', 'neg'].map((key) => `${key}${tag}`);
  const [input, output, kept, twice, model] = keys as [string, string, string, string, string];
  const neg = ['INPUTS', 1, input, 'OUTPUTS', 1] as const;
  await call(tag, 'AI.MODELSTORE', model, 'ONNX', 'CPU', 'BLOB', oneOperator('Neg'));
  await repeated(async (n) => {
    await register.write(n, () => call(tag, 'AI.TENSORSET', input, 'FLOAT', 1, 2, 'VALUES', n, n));
    await call(tag, 'AI.MODELEXECUTE', model, ...neg, output);
    expectNumber(await call(tag, 'AI.TENSORGET', output, 'VALUES'), -n);
    await call(tag, 'SET', `native${tag}`, n);
    await other(
      tag,
      ...(['AI.DAGEXECUTE', 'LOAD', 1, input, 'PERSIST', 2, kept, twice] as const),
      ...['|>', 'AI.MODELEXECUTE', model, ...neg, kept],
      ...['|>', 'AI.MODELEXECUTE', model, 'INPUTS', 1, kept, 'OUTPUTS', 1, twice],
    );
    expectNumber(await call(tag, 'AI.TENSORGET', kept, 'VALUES'), -n);
    expectNumber(await other(tag, 'AI.TENSORGET', twice, 'VALUES'), n);
    const native = Number(await other(tag, 'GET', `native${tag}`));
    expectNumber([native, native], n);
  });
}

/** The number that both elements of a tensor are; NaN where they are not the same. */
function numberIn(reply: unknown): number {
  const [one, two] = (reply as unknown[]).map(Number);
  return one === undefined || one !== two ? Number.NaN : one;
}

function expectNumber(reply: unknown, wanted: number): void {
  const found = numberIn(reply);
  if (found !== wanted) throw new Error(`${found} for ${wanted}`);
}
