import slotOf from 'cluster-key-slot';
import { portFor, type SlotMap } from '../cluster/slot-map.ts';
import type { ClientSession } from './client-session.ts';
import { type Command, keyPositions, positionsIn } from './commands/command.ts';
import { errors } from './errors.ts';
import type { Keyspace } from './keyspace/keyspace.ts';
import type { Arguments } from './protocol/request-reader.ts';

/**
 * Decides whether this node may serve the command, by Redis Cluster's rules.
 * @throws ServerError CROSSSLOT, MOVED, ASK or TRYAGAIN where it may not.
 */
export function route(
  slots: SlotMap,
  keyspace: Keyspace,
  client: Pick<ClientSession, 'asking' | 'origin'>,
  command: Command,
  args: Arguments,
): void {
  const channels = command.channels?.sharded === true ? positionsIn(command.channels, args) : [];
  const positions = channels.length > 0 ? channels : keyPositions(command, args);
  let slot = -1;
  for (const position of positions) {
    const keySlot = slotOf(args[position] as Buffer);
    if (slot >= 0 && keySlot !== slot) throw errors.crossSlot();
    slot = keySlot;
  }
  if (slot < 0) return;
  // A channel is not under a key: it cannot be missing.
  const missing = () =>
    channels.length > 0
      ? 0
      : positions.filter((p) => keyspace.get((args[p] as Buffer).toString('latin1')) === undefined).length;
  if (slots.isMine(slot)) {
    const target = slots.migratingTo(slot);
    if (target === undefined || command.name === 'migrate') return;
    const absent = missing();
    if (absent === 0) return;
    if (absent < positions.length) throw errors.tryAgain();
    throw errors.ask(slot, target.host, portFor(target, client.origin.secure));
  }
  const asking = client.asking || command.flags.includes('asking');
  if (asking && slots.importingFrom(slot) !== undefined) {
    if (positions.length > 1 && missing() > 0) throw errors.tryAgain();
    return;
  }
  const owner = slots.ownerOf(slot);
  if (owner === undefined) throw errors.slotNotServed();
  throw errors.moved(slot, owner.host, portFor(owner, client.origin.secure));
}
