import slotOf from 'cluster-key-slot';
import type { Answer } from '../call.ts';
import { ClientSession } from '../client-session.ts';
import { keyPositions } from '../commands/command.ts';
import { errors } from '../errors.ts';
import type { NodeContext } from '../node-context.ts';
import { OK } from '../protocol/reply.ts';
import type { Arguments } from '../protocol/request-reader.ts';
import type { RedisEngine } from './redis-engine.ts';

/** How long a command waits for its slot to have another owner: a failover takes a node timeout and a vote. */
const PATIENCE_MS = 15_000;
/** What a client sends before anything else: answered here, so that it stays and learns where to go. */
const ANSWERED_HERE = new Set(['client', 'command', 'ping', 'echo', 'quit', 'reset', 'select', 'info']);
const GRANTED = new Set(['auth', 'readonly', 'readwrite', 'asking']);

/**
 * A client that comes while the node's Redis is away. What it asks for by key waits until the cluster has another owner for the slot, and then it
 * is sent there: a client that were turned away would not look elsewhere for long.
 */
export class ParkedClient extends ClientSession {
  /** @param local runs a command on the node itself, which has no keys. */
  async execute(
    node: NodeContext,
    engine: RedisEngine,
    args: Arguments,
    local: (args: Arguments) => Answer,
  ): Promise<Awaited<Answer>> {
    const name = (args[0] as Buffer).toString('latin1').toLowerCase();
    const { view } = engine;
    if (ANSWERED_HERE.has(name)) return local(args);
    if (GRANTED.has(name)) return OK;
    // Whoever it is may learn where to go, and is asked again there.
    if (name === 'hello') return local(args.slice(0, 2));
    if (view === null || engine.addresses === null) throw errors.upstreamAway();
    const words = args.map((arg) => arg.toString('latin1'));
    if (name === 'cluster') {
      const command = `CLUSTER ${(words[1] ?? '').toUpperCase()}`;
      const reply = await view.ask(...words);
      const { addresses } = engine;
      this.pushBytes(
        addresses.concerns(command) ? addresses.translated(command, reply, this.origin.secure) : reply,
      );
      return undefined;
    }
    const command = node.commands.find(name);
    // Of commands that only Redis knows the first argument is the key, nearly always.
    const [at] = command === undefined ? [1] : keyPositions(command, args);
    const key = at === undefined ? undefined : words[at];
    if (key === undefined) throw errors.upstreamAway();
    const slot = slotOf(Buffer.from(key, 'latin1'));
    const owner = await view.ownerOf(slot, this.origin.secure, Date.now() + PATIENCE_MS);
    if (owner === undefined) throw errors.upstreamAway();
    throw errors.moved(slot, owner.host, owner.port);
  }
}
