import { errors } from '../../../errors.ts';
import { type DagOperation, type OperationOutcome, runDag } from '../../../execution/dag.ts';
import { queueLimit } from '../../../execution/run-queue.ts';
import type { KeyName, Keyspace } from '../../../keyspace/keyspace.ts';
import { type Reply, SimpleString } from '../../../protocol/reply.ts';
import type { Arguments } from '../../../protocol/request-reader.ts';
import type { Tensor } from '../../../tensors/tensor.ts';
import type { CommandContext } from '../../command.ts';
import { putTensors, TIMEDOUT } from '../modelexecute.ts';
import { readTensor } from '../tensorget.ts';
import { type DagVariant, parseDag } from './dag-arguments.ts';
import { type NamedOperation, parseOperation } from './dag-operations.ts';

/** The reply of an operation that did not run, because another one failed. */
const NOT_RUN = new SimpleString('NA');

/** Runs a DAG. The answer has a reply for each operation, or is TIMEDOUT; after an error nothing is persisted. */
export async function runDagCommand(
  context: CommandContext,
  args: Arguments,
  variant: DagVariant,
): Promise<Reply> {
  if (context.inTransaction) throw errors.runInTransaction();
  const { keyspace } = context.node;
  const values = new Values();
  const { persist, timeoutMs, operations } = parseDag(args, variant, (key) =>
    values.load(key, readTensor(keyspace, key)),
  );
  const limit = queueLimit(timeoutMs);
  const named = operations.map((operation) => parseOperation(operation, variant, context, limit));
  const numbered = named.map((operation) => values.number(operation));
  const persisted = persist.map((key) => [key, values.numberOf(key, errors.dagPersistUnknown)] as const);
  const holding = new Holding(keyspace);
  holding.add(values.initial);
  const outcome = await runDag(numbered.map(holding.results), values.initial).finally(() => holding.end());
  if (outcome === 'TIMEDOUT') return TIMEDOUT;
  if (!outcome.failed) {
    putTensors(
      keyspace,
      persisted.map(([key, value]) => [key, outcome.values[value] as Tensor]),
    );
  }
  return outcome.operations.map((result, i) => replyOf(named[i] as NamedOperation, result));
}

function replyOf(operation: NamedOperation, result: OperationOutcome): Reply {
  if (result === 'NA') return NOT_RUN;
  return 'error' in result ? result.error : operation.reply(result.inputs);
}

/** Counts the tensors of a DAG as used until it ends. */
class Holding {
  readonly #keyspace: Keyspace;
  readonly #ends: (() => void)[] = [];

  constructor(keyspace: Keyspace) {
    this.#keyspace = keyspace;
  }

  add(tensors: readonly Tensor[]): void {
    this.#ends.push(this.#keyspace.hold(tensors.map(({ buffer }) => buffer)));
  }

  /** The operation, its outputs counted. */
  readonly results = (operation: DagOperation): DagOperation => ({
    ...operation,
    run: (inputs) => {
      const result = operation.run(inputs);
      if (!(result instanceof Promise)) {
        this.add(result);
        return result;
      }
      return result.then((outcome) => {
        if (outcome !== 'TIMEDOUT') this.add(outcome);
        return outcome;
      });
    },
  });

  end(): void {
    for (const end of this.#ends) end();
  }
}

/** Gives the names of a DAG numbers: a name that is written again gets a new one, and who read the old one keeps it. */
class Values {
  readonly initial: Tensor[] = [];
  readonly #numbers = new Map<KeyName, number>();
  #count = 0;

  load(name: KeyName, tensor: Tensor): void {
    this.initial[this.#count] = tensor;
    this.#numbers.set(name, this.#count++);
  }

  number(operation: NamedOperation): DagOperation {
    const inputs = operation.inputs.map((name) => this.numberOf(name, errors.dagInputUnknown));
    const outputs = operation.outputs.map((name) => {
      this.#numbers.set(name, this.#count);
      return this.#count++;
    });
    return { inputs, outputs, run: operation.run };
  }

  /** @throws what `unknown` makes when nothing has that name. */
  numberOf(name: KeyName, unknown: () => Error): number {
    const found = this.#numbers.get(name);
    if (found === undefined) throw unknown();
    return found;
  }
}
