import type { SlotMap } from '../../../cluster/slot-map.ts';
import { SLOT_COUNT } from '../../../cluster/slot-map.ts';
import { errors } from '../../errors.ts';
import type { Reply } from '../../protocol/reply.ts';
import type { Arguments } from '../../protocol/request-reader.ts';
import { integerAt, requireInteger } from '../arguments.ts';
import type { Command, CommandContext } from '../command.ts';

type Declared = Pick<Command, 'arity' | 'summary' | 'syntax' | 'since'> & {
  /** Absent: stale. */
  readonly flags?: Command['flags'];
  readonly run: (slots: SlotMap, context: CommandContext, args: Arguments) => Reply;
};

/** The flags of what changes the topology. */
export const CHANGES_TOPOLOGY: Command['flags'] = ['admin', 'stale', 'no_async_loading'];

/** A subcommand of CLUSTER: refused outside cluster mode. */
export function clusterSubcommand(name: string, { flags, run, ...declared }: Declared): Command {
  return {
    ...declared,
    name: `cluster|${name}`,
    flags: flags ?? ['stale'],
    group: 'cluster',
    run(context, args) {
      if (context.node.slots === null) throw errors.clusterDisabled();
      return run(context.node.slots, context, args);
    },
  };
}

/** @throws ServerError where the argument is no slot, in the words of CLUSTER SETSLOT. */
export function slotAt(args: Arguments, index: number): number {
  const slot = integerAt(args, index);
  if (slot === undefined || slot < 0 || slot >= SLOT_COUNT) throw errors.slotOutOfRange();
  return slot;
}

/** The slot that a counting subcommand asks for; undefined outside 0 to 16383. @throws ServerError where it is no integer. */
export function countedSlotAt(args: Arguments, index: number): number | undefined {
  const slot = requireInteger(args, index);
  return slot >= 0 && slot < SLOT_COUNT ? slot : undefined;
}
