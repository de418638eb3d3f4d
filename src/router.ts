import slotOf from 'cluster-key-slot';
import type { SlotMap } from '../cluster/slot-map.ts';
import type { ClientSession } from './client-session.ts';
import { type Command, keyPositions } from './commands/command.ts';
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
  client: Pick<ClientSession, 'asking'>,
  command: Command,
  args: Arguments,
): void {
  const positions = keyPositions(command, args);
  let slot = -1;
  for (const position of positions) {
    const keySlot = slotOf(args[position] as Buffer);
    if (slot >= 0 && keySlot !== slot) throw errors.crossSlot();
    slot = keySlot;
  }
  if (slot < 0) return;
  const missing = () =>
    positions.filter((p) => keyspace.get((args[p] as Buffer).toString('latin1')) === undefined).length;
  if (slots.isMine(slot)) {
    const target = slots.migratingTo(slot);
    if (target === undefined) return;
    const absent = missing();
    if (absent === 0) return;
    if (absent < positions.length) throw errors.tryAgain();
    throw errors.ask(slot, target.host, target.port);
  }
  if (client.asking && slots.importingFrom(slot) !== undefined) {
    if (positions.length > 1 && missing() > 0) throw errors.tryAgain();
    return;
  }
  const owner = slots.ownerOf(slot);
  if (owner === undefined) throw errors.slotNotServed();
  throw errors.moved(slot, owner.host, owner.port);
}
