import { type Connection, itemsOf, type Key, type Reply, textOf } from './connection.ts';
import { DagNames } from './dag-names.ts';
import { AiError } from './errors.ts';
import { blobOf, type Dtype, type Tensor } from './tensor.ts';
import { tensorFrom } from './tensor-reply.ts';

/** One operation of a DAG; tensors go by names of the DAG. */
export type Step =
  | { readonly kind: 'set'; readonly name: string; readonly tensor: Tensor }
  | { readonly kind: 'get'; readonly name: string; readonly dtype: Dtype | undefined }
  | {
      readonly kind: 'model';
      readonly key: Key;
      readonly inputs: readonly string[];
      readonly outputs: readonly string[];
    }
  | {
      readonly kind: 'script';
      readonly key: Key;
      readonly entryPoint: string;
      readonly inputs: readonly string[];
      readonly keys: readonly Key[];
      readonly args: readonly Key[];
      readonly outputs: readonly string[];
    };

/** What one AI.DAGEXECUTE does. */
export interface DagPlan {
  /** Names of the DAG that begin as the tensors under these keys. */
  readonly loads: ReadonlyMap<string, Key>;
  /** The keys that the tensors of these names are put under when all has gone well. */
  readonly persists: ReadonlyMap<string, Key>;
  readonly steps: readonly Step[];
  /** The longest wait in the queue, in milliseconds. */
  readonly timeoutMs: number | undefined;
}

const SEPARATOR = '|>';

/**
 * Runs a DAG in one command, on a replica where nothing is written.
 * @returns the tensors of its `get` steps, by name.
 * @throws AiError for the first operation that failed (nothing is persisted then), or with the code TIMED_OUT.
 * @throws TypeError when a `get` asks for another dtype than the tensor has; RangeError for what a DAG cannot say.
 */
export async function runPlan(connection: Connection, plan: DagPlan): Promise<Map<string, Tensor>> {
  const writes = plan.persists.size > 0 || plan.steps.some(({ kind }) => kind === 'script');
  const name = writes ? 'AI.DAGEXECUTE' : 'AI.DAGEXECUTE_RO';
  const key = routingKey(plan);
  const reply = await connection.send({ key, isReadonly: !writes, args: encode(name, key, plan) });
  if (!Array.isArray(reply)) throw new AiError(textOf(reply), name);
  return takeReplies(plan, reply);
}

function routingKey({ loads, persists, steps }: DagPlan): Key {
  for (const step of steps) if (step.kind === 'model' || step.kind === 'script') return step.key;
  const [key] = [...loads.values(), ...persists.values()];
  if (key === undefined)
    throw new RangeError('a DAG needs a model, a script or a key: it runs where that is');
  return key;
}

function encode(name: string, key: Key, { loads, persists, steps, timeoutMs }: DagPlan): Key[] {
  const names = new DagNames(loads, persists);
  const args: Key[] = [name];
  if (loads.size > 0) args.push('LOAD', String(loads.size), ...loads.values());
  if (persists.size > 0) args.push('PERSIST', String(persists.size), ...persists.values());
  args.push('ROUTING', key);
  if (timeoutMs !== undefined) args.push('TIMEOUT', String(timeoutMs));
  for (const step of steps) args.push(SEPARATOR, ...unsplit(operation(step, names)));
  return args;
}

function operation(step: Step, { input, output }: DagNames): Key[] {
  const counted = (word: string, items: readonly Key[]) => [word, String(items.length), ...items];
  switch (step.kind) {
    case 'set':
      return tensorSet(output(step.name), step.tensor);
    case 'get':
      return ['AI.TENSORGET', input(step.name), 'META', 'BLOB'];
    case 'model': {
      const { key, inputs, outputs } = step;
      return [
        ...['AI.MODELEXECUTE', key, ...counted('INPUTS', inputs.map(input))],
        ...counted('OUTPUTS', outputs.map(output)),
      ];
    }
    case 'script': {
      const { key, entryPoint, inputs, keys, args, outputs } = step;
      const scopes = { KEYS: keys, INPUTS: inputs.map(input), ARGS: args, OUTPUTS: outputs.map(output) };
      const given = Object.entries(scopes).filter(([, items]) => items.length > 0);
      return ['AI.SCRIPTEXECUTE', key, entryPoint, ...given.flatMap(([word, items]) => counted(word, items))];
    }
  }
}

/** A blob of the two bytes that separate operations would end its own: such a tensor goes as values. */
function tensorSet(name: Key, tensor: Tensor): Key[] {
  const head = ['AI.TENSORSET', name, tensor.dtype, ...tensor.shape.map(String)];
  const blob = blobOf(tensor);
  return isSeparator(blob)
    ? [...head, 'VALUES', ...Array.from(tensor.data, String)]
    : [...head, 'BLOB', blob];
}

function isSeparator(arg: Key): boolean {
  return arg.length === SEPARATOR.length && arg.toString('latin1') === SEPARATOR;
}

function unsplit(args: Key[]): Key[] {
  if (args.some(isSeparator)) throw new RangeError(`an argument in a DAG cannot be "${SEPARATOR}"`);
  return args;
}

function takeReplies({ steps }: DagPlan, replies: readonly Reply[]): Map<string, Tensor> {
  const failed = replies.findIndex((reply) => reply instanceof Error);
  if (failed >= 0) {
    const cause = replies[failed] as Error;
    throw new AiError(cause.message, COMMANDS[steps[failed]?.kind ?? 'model'], { cause });
  }
  const tensors = new Map<string, Tensor>();
  steps.forEach((step, i) => {
    if (step.kind === 'get') tensors.set(step.name, tensorFrom(itemsOf(replies[i]), step.dtype, step.name));
  });
  return tensors;
}

const COMMANDS = {
  set: 'AI.TENSORSET',
  get: 'AI.TENSORGET',
  model: 'AI.MODELEXECUTE',
  script: 'AI.SCRIPTEXECUTE',
} as const satisfies { [K in Step['kind']]: string };
