import slotOf from 'cluster-key-slot';
import type { ScriptReply } from '../backends/script.ts';
import type { ClientSession, UpstreamKeys } from '../client-session.ts';
import { keyPositions } from '../commands/command.ts';
import { errors } from '../errors.ts';
import type { ScriptCaller } from '../execution/active-call.ts';
import type { QueueLimit } from '../execution/run-queue.ts';
import type { KeyName } from '../keyspace/keyspace.ts';
import type { NodeContext } from '../node-context.ts';
import type { Tensor } from '../tensors/tensor.ts';
import { replyBytesToTorch } from './reply-bytes.ts';
import { runAwaited } from './torch-caller.ts';

/** What belongs to a connection, not to a command: a script must not change it for the client that called. */
const CONNECTION_STATE = new Set(['select', 'readonly', 'readwrite', 'asking']);
/** Commands that wait where they are told to. */
const MAY_BLOCK = new Set(['xread', 'xreadgroup']);

/** What a TorchScript function does in the name of its client, where a Redis has the keys: on the client's connection there, with its permissions. */
export class ProxiedCaller implements ScriptCaller {
  readonly #node: NodeContext;
  readonly #client: ClientSession;
  readonly #keys: UpstreamKeys;
  readonly #slot: number;

  /** @param key of the script: in a cluster all that it reaches lies in the same slot. */
  constructor(node: NodeContext, client: ClientSession, keys: UpstreamKeys, key: KeyName) {
    this.#slot = slotOf(Buffer.from(key, 'latin1'));
    this.#node = node;
    this.#client = client;
    this.#keys = keys;
  }

  async execute(args: readonly Uint8Array[], isWanted: () => boolean): Promise<ScriptReply> {
    const words = args.map(({ buffer, byteOffset, length }) => Buffer.from(buffer, byteOffset, length));
    if (words[0] === undefined) throw errors.scriptNoArguments();
    const name = words[0].toString('latin1').toLowerCase();
    if (name.startsWith('ai.')) throw errors.scriptUpstream();
    if (this.#isForbidden(name, words)) throw errors.scriptNotAllowed();
    this.#checkSlots(words);
    if (this.#client.closed || !isWanted()) throw errors.scriptUnwanted();
    return replyBytesToTorch(await this.#keys.ask(words));
  }

  async runModel(
    key: KeyName,
    inputs: readonly Tensor[],
    outputs: number,
    limit: QueueLimit,
  ): Promise<readonly Tensor[]> {
    this.#checkSlot(Buffer.from(key, 'latin1'));
    return runAwaited(this.#node, await this.#keys.fetch([key]), key, inputs, outputs, limit);
  }

  #checkSlots(words: readonly Buffer[]): void {
    const command = this.#node.commands.find((words[0] as Buffer).toString('latin1'));
    if (command === undefined) return;
    for (const position of keyPositions(command, [...words])) this.#checkSlot(words[position] as Buffer);
  }

  #checkSlot(key: Buffer): void {
    if (this.#keys.inCluster && slotOf(key) !== this.#slot) throw errors.scriptCrossSlot();
  }

  #isForbidden(name: string, words: readonly Buffer[]): boolean {
    const { commands } = this.#node;
    const found = commands.find(name);
    if (found === undefined) {
      return MAY_BLOCK.has(name) && words.some((word) => word.toString('latin1').toUpperCase() === 'BLOCK');
    }
    const command = words.length > 1 ? commands.withSubcommand(found, [...words]) : found;
    return command.flags.includes('noscript') || CONNECTION_STATE.has(name);
  }
}
