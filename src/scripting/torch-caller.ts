import slotOf from 'cluster-key-slot';
import type { ScriptReply } from '../backends/script.ts';
import { checkCounts } from '../commands/ai/models.ts';
import { readServable } from '../commands/ai/servable.ts';
import type { CommandContext } from '../commands/command.ts';
import { errors, ServerError } from '../errors.ts';
import type { ScriptCaller } from '../execution/active-call.ts';
import type { QueueLimit } from '../execution/run-queue.ts';
import type { KeyName, Keyspace } from '../keyspace/keyspace.ts';
import type { NodeContext } from '../node-context.ts';
import type { Tensor } from '../tensors/tensor.ts';
import { replyToTorch } from './reply-to-torch.ts';
import { admitFromScript, callFromScript, type ScriptRun } from './script-call.ts';

/** What a TorchScript function does in the name of the client that called it: commands and models, with that client's permissions. */
export class TorchCaller implements ScriptCaller {
  readonly #run: ScriptRun;

  /** @param key of the script: in a cluster all that it reaches lies in the same slot. */
  constructor(context: CommandContext, key: KeyName) {
    this.#run = {
      context: { ...context, inTransaction: true, inScript: true },
      readOnly: false,
      allowCrossSlotKeys: false,
      slot: context.node.slots === null ? -1 : slotOf(Buffer.from(key, 'latin1')),
      mayExceedMemory: false,
      hasWritten: false,
      protocol: 2,
    };
  }

  async execute(args: readonly Uint8Array[], isWanted: () => boolean): Promise<ScriptReply> {
    const { node, client } = this.#run.context;
    const command = args.map(({ buffer, byteOffset, length }) => Buffer.from(buffer, byteOffset, length));
    if (command[0] === undefined) throw errors.scriptNoArguments();
    const found = node.commands.find(command[0].toString('latin1'));
    if (found !== undefined && node.pause.holds(found, null)) await node.pause.over();
    if (client.closed || !isWanted()) throw errors.scriptUnwanted();
    // Others come between two of its commands, so each of them is let in by itself, unlike Lua's.
    this.#run.hasWritten = false;
    node.memory.enforce();
    let reply: ReturnType<typeof callFromScript>;
    try {
      reply = callFromScript(this.#run, command);
    } finally {
      node.waiters.serve();
    }
    if (reply instanceof ServerError) throw reply;
    return replyToTorch(reply);
  }

  async runModel(
    key: KeyName,
    inputs: readonly Tensor[],
    outputs: number,
    limit: QueueLimit,
  ): Promise<readonly Tensor[]> {
    const { node } = this.#run.context;
    // The command that would do the same, as far as it says which permissions that takes.
    const args = ['AI.MODELEXECUTE', key, 'INPUTS', '0', 'OUTPUTS', '0', 'TIMEOUT', '1'];
    admitFromScript(
      this.#run,
      args.map((arg) => Buffer.from(arg, 'latin1')),
    );
    return runAwaited(node, node.keyspace, key, inputs, outputs, limit);
  }
}

/**
 * Runs the model or the experiment under a key for a script that waits for it.
 * @throws ServerError when there is none, or it fails.
 */
export async function runAwaited(
  node: NodeContext,
  keyspace: Keyspace,
  key: KeyName,
  inputs: readonly Tensor[],
  outputs: number,
  limit: QueueLimit,
): Promise<readonly Tensor[]> {
  const servable = readServable(node, keyspace, key);
  checkCounts(servable.model, inputs.length, outputs);
  const release = keyspace.hold(inputs.map(({ buffer }) => buffer));
  const outcome = await servable.run(inputs, limit, { awaited: true }).finally(release);
  // The script was cut before.
  if (outcome === 'TIMEDOUT') throw errors.scriptUnwanted();
  return outcome;
}
