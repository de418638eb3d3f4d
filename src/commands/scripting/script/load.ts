import type { Command } from '../../command.ts';

export const scriptLoad: Command = {
  name: 'script|load',
  arity: 3,
  flags: ['noscript', 'stale'],
  group: 'scripting',
  summary: 'Compiles a script and keeps it; the answer is its SHA1',
  syntax: 'script',
  run: ({ node }, args) => node.scripts.load(new Uint8Array(args[2] as Buffer)).sha,
};
