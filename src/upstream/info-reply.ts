import type { NodeContext } from '../node-context.ts';
import { aiSections } from '../observability/info/ai-sections.ts';
import { engineSection } from '../observability/info/engine-section.ts';
import { chosenSections, renderSections } from '../observability/info/section.ts';
import { formatReply, parseReply, setText, textOf } from './reply-tree.ts';

/** What Redis does not know of: the node before it, and its models. */
const OWN_SECTIONS = [engineSection, ...aiSections];

/**
 * Redis's reply to INFO with the node's own sections behind it.
 * @param args of INFO.
 */
export function withOwnSections(reply: Buffer, args: readonly Buffer[], node: NodeContext): Buffer {
  const tree = parseReply(reply);
  const text = textOf(tree);
  // Else it is queued in a transaction, or refused.
  if (tree.bytes === null || text === undefined) return reply;
  const wanted = args.slice(1).map((arg) => arg.toString('latin1').toUpperCase());
  const own = renderSections(chosenSections(OWN_SECTIONS, wanted), node);
  if (own === '') return reply;
  const [head, tail] = tree.type === '=' ? [text.slice(0, 4), text.slice(4)] : ['', text];
  setText(tree, head + [tail, own].filter((part) => part !== '').join('\r\n'));
  return formatReply(tree);
}
