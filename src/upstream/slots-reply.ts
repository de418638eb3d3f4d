import { parseReply, textOf } from './reply-tree.ts';

/** A range of slots, and who has it: the master first, then its replicas. */
export interface SlotRange {
  readonly from: number;
  readonly to: number;
  /** A host is undefined where Redis does not tell it. */
  readonly nodes: readonly {
    readonly host: string | undefined;
    readonly port: string | undefined;
    readonly id: string | undefined;
  }[];
}

/** What a reply to CLUSTER SLOTS says; nothing where it is another one. */
export function slotRanges(reply: Buffer): SlotRange[] {
  return (parseReply(reply).items ?? []).map(({ items }) => {
    const [from, to, ...nodes] = items ?? [];
    return {
      ...{ from: Number(textOf(from)), to: Number(textOf(to)) },
      nodes: nodes.map((node) => {
        const [host, port, id] = (node.items ?? []).map(textOf);
        return { host, port, id };
      }),
    };
  });
}
