import type { Command } from '../../command.ts';

/** What Redis 7.0 answers where there are no libraries: the version of the format, 10, and the CRC64 of it. */
export const NO_LIBRARIES = Buffer.from('0a005d9b5c400f7fa2da', 'hex');

export const functionDump: Command = {
  name: 'function|dump',
  arity: 2,
  flags: ['noscript'],
  group: 'scripting',
  summary: 'The libraries of functions in a form for FUNCTION RESTORE: none',
  syntax: '',
  run: () => NO_LIBRARIES,
};
