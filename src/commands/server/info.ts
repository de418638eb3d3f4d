import { aiSections } from '../../observability/info/ai-sections.ts';
import { countSections, modulesSection } from '../../observability/info/count-sections.ts';
import { keyspaceSections, nodeSections } from '../../observability/info/node-sections.ts';
import { renderSections, type Section } from '../../observability/info/section.ts';
import { Verbatim } from '../../protocol/reply.ts';
import { keywordAt } from '../arguments.ts';
import type { Command } from '../command.ts';

const SECTIONS: readonly Section[] = [
  ...[...nodeSections, modulesSection, ...countSections, ...keyspaceSections, ...aiSections],
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
    const wanted = new Set(args.slice(1).map((_, i) => keywordAt(args, i + 1)));
    const has = (...names: string[]) => names.some((name) => wanted.has(name));
    const defaults = wanted.size === 0 || has('DEFAULT', 'ALL', 'EVERYTHING');
    const chosen = SECTIONS.filter(({ title, shown }) => {
      if (has(title.toUpperCase())) return true;
      if (shown === 'default') return defaults;
      return shown === 'all' ? has('ALL', 'EVERYTHING') : has('EVERYTHING', 'MODULES', 'AI');
    });
    return new Verbatim(renderSections(chosen, node));
  },
};
