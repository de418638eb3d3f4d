import type { NodeContext } from '../../node-context.ts';

export type Fields = readonly (readonly [string, string | number])[];

/** A part of INFO's text. */
export interface Section {
  /** Its title; in lower case what INFO's argument says. */
  readonly title: string;
  /** With INFO alone, only with ALL, or only where the AI module's are asked for (EVERYTHING, MODULES, AI). */
  readonly shown: 'default' | 'all' | 'ai';
  readonly fields: (node: NodeContext) => Fields;
}

/** The sections that INFO shows with these arguments. @param wanted in upper case */
export function chosenSections(sections: readonly Section[], wanted: readonly string[]): Section[] {
  const has = (...names: string[]) => names.some((name) => wanted.includes(name));
  const defaults = wanted.length === 0 || has('DEFAULT', 'ALL', 'EVERYTHING');
  return sections.filter(({ title, shown }) => {
    if (has(title.toUpperCase())) return true;
    if (shown === 'default') return defaults;
    return shown === 'all' ? has('ALL', 'EVERYTHING') : has('EVERYTHING', 'MODULES', 'AI');
  });
}

export function renderSections(sections: readonly Section[], node: NodeContext): string {
  return sections
    .map(({ title, fields }) => {
      const lines = fields(node).map(([name, value]) => `${name}:${value}\r\n`);
      return `# ${title}\r\n${lines.join('')}`;
    })
    .join('\r\n');
}

/** Bytes as INFO's `_human` fields write them. */
export function humanBytes(bytes: number): string {
  const units = ['B', 'K', 'M', 'G', 'T', 'P'];
  let value = bytes;
  let unit = 0;
  for (; value >= 1024 && unit < units.length - 1; unit++) value /= 1024;
  return unit === 0 ? `${bytes}B` : `${value.toFixed(2)}${units[unit]}`;
}

/** Microseconds of CPU time as INFO writes seconds. */
export function cpuSeconds(micros: number): string {
  return (micros / 1e6).toFixed(6);
}
