import { errors } from '../../errors.ts';
import { parseInt64 } from '../../protocol/integer-text.ts';
import { latin1 } from '../../protocol/latin1.ts';
import { SimpleString } from '../../protocol/reply.ts';
import { keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { encodingOf } from './encoding.ts';

/** What Redis says of the integers that it keeps once for all keys, those below 10,000. */
const SHARED_REFERENCES = 2 ** 31 - 1;
const SHARED_INTEGERS = 10_000n;

const HELP = [
  'OBJECT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:',
  'ENCODING <key>',
  '    Return the kind of internal representation used in order to store the value',
  '    associated with a <key>.',
  'FREQ <key>',
  '    Return the access frequency index of the <key>. The returned integer is',
  '    proportional to the logarithm of the recent access frequency of the key.',
  'IDLETIME <key>',
  '    Return the idle time of the <key>, that is the approximated number of',
  '    seconds elapsed since the last access to the key.',
  'REFCOUNT <key>',
  '    Return the number of references of the value associated with the specified',
  '    <key>.',
  'HELP',
  '    Prints this help.',
];

const ENCODING: Command = {
  name: 'object|encoding',
  arity: 3,
  flags: ['readonly'],
  keys: { first: 2, last: 2, step: 1 },
  group: 'generic',
  since: '2.2.3',
  summary: 'Returns how Redis would keep the value under a key',
  syntax: 'key',
  run({ node }, args) {
    const value = node.keyspace.peek(keyAt(args, 2));
    return value === undefined ? null : encodingOf(value);
  },
};

const REFCOUNT: Command = {
  ...ENCODING,
  name: 'object|refcount',
  since: '2.2.3',
  summary: 'Returns how many references the value under a key has',
  run({ node }, args) {
    const value = node.keyspace.peek(keyAt(args, 2));
    if (value === undefined) return null;
    const integer = value.type === 'string' ? parseInt64(latin1(value.bytes)) : undefined;
    return integer !== undefined && integer >= 0n && integer < SHARED_INTEGERS ? SHARED_REFERENCES : 1;
  },
};

const IDLETIME: Command = {
  ...ENCODING,
  name: 'object|idletime',
  since: '2.2.3',
  summary: 'Returns the seconds since a key was last read or written',
  run: ({ node }, args) => node.keyspace.idleSeconds(keyAt(args, 2)) ?? null,
};

const FREQ: Command = {
  ...ENCODING,
  name: 'object|freq',
  since: '4.0.0',
  summary: 'Refused: access frequencies are not tracked',
  run({ node }, args) {
    if (node.keyspace.peek(keyAt(args, 2)) === undefined) return null;
    throw errors.noAccessFrequency();
  },
};

const HELP_COMMAND: Command = {
  name: 'object|help',
  arity: 2,
  flags: ['loading', 'stale'],
  group: 'generic',
  since: '6.2.0',
  summary: 'Lists the subcommands',
  syntax: '',
  run: () => HELP.map((line) => new SimpleString(line)),
};

export const object: Command = {
  name: 'object',
  arity: -2,
  flags: [],
  group: 'generic',
  since: '2.2.3',
  summary: 'Tells of how a value is kept',
  syntax: 'ENCODING | REFCOUNT | IDLETIME | FREQ | HELP',
  subcommands: [ENCODING, REFCOUNT, IDLETIME, FREQ, HELP_COMMAND],
  run: () => null,
};
