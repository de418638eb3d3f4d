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
