import type { StoredScript } from '../../backends/script.ts';
import type { PendingCall } from '../../execution/active-call.ts';
import type { QueueLimit, RunOutcome } from '../../execution/run-queue.ts';
import type { KeyName } from '../../keyspace/keyspace.ts';
import { ProxiedCaller } from '../../scripting/proxied-caller.ts';
import { TorchCaller } from '../../scripting/torch-caller.ts';
import type { Tensor } from '../../tensors/tensor.ts';
import type { CommandContext } from '../command.ts';
import type { ScriptArguments } from './script-arguments.ts';

/**
 * Calls a function of a script in a worker of its device. The call is cut when its client goes.
 * @param key that it lies under.
 * @throws ServerError with what went wrong in it.
 */
export async function callScript(
  context: CommandContext,
  key: KeyName,
  script: StoredScript,
  args: ScriptArguments,
  tensors: readonly Tensor[],
  limit: QueueLimit,
): Promise<RunOutcome> {
  const { node, client } = context;
  const { functionName, keys, variadicFrom } = args;
  const gone = new AbortController();
  const forget = client.onClose(() => gone.abort());
  const call: PendingCall = {
    call: {
      functionName,
      keys,
      args: args.args.map((arg) => Buffer.from(arg).toString('latin1')),
      variadicFrom,
      outputs: args.outputs.length,
    },
    caller:
      client.upstream === null
        ? new TorchCaller(context, key)
        : new ProxiedCaller(node, client, client.upstream, key),
    gone: gone.signal,
  };
  const device = node.devices.get(script.device, script.backend);
  return device.run(key, script, tensors, limit, { call }).finally(forget);
}
