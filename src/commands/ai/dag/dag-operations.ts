import { errors } from '../../../errors.ts';
import type { DagOperation } from '../../../execution/dag.ts';
import type { QueueLimit } from '../../../execution/run-queue.ts';
import type { KeyName } from '../../../keyspace/keyspace.ts';
import type { NodeContext } from '../../../node-context.ts';
import { OK, type Reply } from '../../../protocol/reply.ts';
import type { Arguments } from '../../../protocol/request-reader.ts';
import type { Tensor } from '../../../tensors/tensor.ts';
import { keyAt, keywordAt } from '../../arguments.ts';
import type { CommandContext } from '../../command.ts';
import { callScript } from '../call-script.ts';
import { type ExecuteArguments, parseModelExecute, parseModelRun } from '../execute-arguments.ts';
import { checkCounts } from '../models.ts';
import { parseScriptExecute, parseScriptRun, type ScriptArguments } from '../script-arguments.ts';
import { checkFunction, readScript } from '../scripts.ts';
import { readServable } from '../servable.ts';
import { parseFormat } from '../tensorget.ts';
import { parseTensor } from '../tensorset.ts';
import type { DagVariant } from './dag-arguments.ts';

/** An operation as it was sent: with names of the DAG, which may be written more than once. */
export interface NamedOperation {
  readonly inputs: readonly KeyName[];
  readonly outputs: readonly KeyName[];
  readonly run: DagOperation['run'];
  /** The reply of a success. */
  readonly reply: (inputs: readonly Tensor[]) => Reply;
}

/**
 * @param limit shared by all runs of the DAG.
 * @throws ServerError with RedisAI's text when the command cannot be in such a DAG, or its arguments are wrong.
 */
export function parseOperation(
  args: Arguments,
  variant: DagVariant,
  context: CommandContext,
  limit: QueueLimit,
): NamedOperation {
  const { node } = context;
  const command = keywordAt(args, 0);
  checkAllowed(command, variant);
  const needs = (count: number) => {
    if (args.length < count) throw errors.wrongArity(command);
  };
  switch (command) {
    case 'AI.TENSORSET': {
      needs(4);
      const tensor = parseTensor(args);
      return { inputs: [], outputs: [keyAt(args, 1)], run: () => [tensor], reply: () => OK };
    }
    case 'AI.TENSORGET': {
      needs(2);
      const format = parseFormat(args);
      let answer: Reply = null;
      return {
        inputs: [keyAt(args, 1)],
        outputs: [],
        // Not when all is done: what cannot be answered fails the operation, and nothing is persisted then.
        run: ([tensor]) => {
          answer = format(tensor as Tensor);
          return [];
        },
        reply: () => answer,
      };
    }
    case 'AI.MODELEXECUTE':
      needs(8);
      return modelOperation(node, keyAt(args, 1), () => parseModelExecute(args, true), limit);
    case 'AI.MODELRUN':
      needs(6);
      return modelOperation(node, keyAt(args, 1), () => parseModelRun(args, true), limit);
    case 'AI.SCRIPTEXECUTE':
      needs(3);
      return scriptOperation(context, keyAt(args, 1), () => parseScriptExecute(args, true), limit);
    case 'AI.SCRIPTRUN':
      needs(6);
      return scriptOperation(context, keyAt(args, 1), () => parseScriptRun(args, true), limit);
    default:
      throw errors.dagUnsupported();
  }
}

function checkAllowed(command: string, { deprecated, readOnly }: DagVariant): void {
  if (command === 'AI.MODELEXECUTE' || command === 'AI.SCRIPTEXECUTE') {
    if (deprecated) throw errors.dagCurrentInside(command);
  }
  if (command === 'AI.MODELRUN' || command === 'AI.SCRIPTRUN') {
    if (!deprecated) throw errors.dagDeprecatedInside(command);
  }
  const isScript = command === 'AI.SCRIPTEXECUTE' || command === 'AI.SCRIPTRUN';
  if (readOnly && isScript) throw errors.dagScriptReadOnly();
}

function modelOperation(
  node: NodeContext,
  key: KeyName,
  parse: () => ExecuteArguments,
  limit: QueueLimit,
): NamedOperation {
  const servable = readServable(node, node.keyspace, key);
  const { inputs, outputs } = parse();
  checkCounts(servable.model, inputs.length, outputs.length);
  return { inputs, outputs, run: (tensors) => servable.run(tensors, limit), reply: () => OK };
}

function scriptOperation(
  context: CommandContext,
  key: KeyName,
  parse: () => ScriptArguments,
  limit: QueueLimit,
): NamedOperation {
  const script = readScript(context.node.keyspace, key);
  const args = parse();
  checkFunction(script, args.functionName);
  return {
    inputs: args.inputs,
    outputs: args.outputs,
    run: (tensors) => callScript(context, key, script, args, tensors, limit),
    reply: () => OK,
  };
}
