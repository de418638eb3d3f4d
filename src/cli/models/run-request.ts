import { parseDtype } from '../../tensors/dtype.ts';
import { fieldsOf } from '../connection/info.ts';
import type { ServerReply } from '../connection/server-connection.ts';
import type { TensorValue } from '../tensors/tensor-value.ts';

/**
 * One command that sends the inputs, runs the model and gets the outputs, and leaves no keys behind.
 * @param timeoutMs bounds the time in the queue.
 */
export function runRequest(
  key: string,
  inputs: readonly TensorValue[],
  outputs: number,
  timeoutMs?: number,
): (string | Uint8Array)[] {
  const ins = inputs.map((_, i) => `in${i}`);
  const outs = Array.from({ length: outputs }, (_, i) => `out${i}`);
  return [
    ...['AI.DAGEXECUTE_RO', 'ROUTING', key],
    ...(timeoutMs === undefined ? [] : ['TIMEOUT', String(timeoutMs)]),
    ...inputs.flatMap(({ dtype, shape, bytes }, i) => [
      ...['|>', 'AI.TENSORSET', ins[i] as string, dtype],
      // AI.TENSORSET knows no scalars.
      ...(shape.length === 0 ? [1] : shape).map(String),
      ...['BLOB', bytes],
    ]),
    ...['|>', 'AI.MODELEXECUTE', key],
    ...['INPUTS', String(ins.length), ...ins, 'OUTPUTS', String(outs.length), ...outs],
    ...outs.flatMap((out) => ['|>', 'AI.TENSORGET', out, 'META', 'BLOB']),
  ];
}

/** A run that did not give its outputs. */
export class RunError extends Error {}

/** The outputs in the reply. @throws RunError with the text of the operation that failed, or where the time in the queue was over. */
export function outputsOf(reply: ServerReply, outputs: number): TensorValue[] {
  const replies = runReplies(reply);
  return replies.slice(replies.length - outputs).map((each) => {
    const fields = fieldsOf(each);
    const dtype = parseDtype(String(fields.get('dtype')));
    if (dtype === undefined) throw new Error(`the server sent a tensor of ${fields.get('dtype')}`);
    return { dtype, shape: fields.get('shape') as number[], bytes: fields.get('blob') as Buffer };
  });
}

/** The replies of all operations. @throws RunError */
export function runReplies(reply: ServerReply): readonly ServerReply[] {
  if (!Array.isArray(reply)) throw new RunError('it waited in the queue for longer than the timeout');
  // Operations behind the one that failed say no more than that.
  const failed = reply.find((each) => each instanceof Error);
  if (failed !== undefined) throw new RunError(failed.message);
  return reply;
}
