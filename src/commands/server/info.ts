import { aiSections } from '../../observability/info/ai-sections.ts';
import { countSections, modulesSection } from '../../observability/info/count-sections.ts';
import { engineSection } from '../../observability/info/engine-section.ts';
import { keyspaceSections, nodeSections } from '../../observability/info/node-sections.ts';
import { chosenSections, renderSections, type Section } from '../../observability/info/section.ts';
import { Verbatim } from '../../protocol/reply.ts';
import { keywordAt } from '../arguments.ts';
import type { Command } from '../command.ts';

const SECTIONS: readonly Section[] = [
  ...[...nodeSections, modulesSection, ...countSections, ...keyspaceSections, engineSection, ...aiSections],
];

export const info: Command = {
  name: 'info',
  arity: -1,
  flags: ['loading', 'stale'],
  group: 'server',
  summary:
    'Tells how this node is doing; EVERYTHING adds what is left out by default, MODULES the AI sections',
  syntax: '[section [section ...]]',
  run({ node }, args) {
    const wanted = args.slice(1).map((_, i) => keywordAt(args, i + 1));
    return new Verbatim(renderSections(chosenSections(SECTIONS, wanted), node));
  },
};
