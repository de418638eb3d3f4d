import { errors } from '../../errors.ts';
import { TYPE_NAMES } from '../../keyspace/keyspace.ts';
import { keyAt, keywordAt, requireInteger } from '../arguments.ts';
import type { Command } from '../command.ts';
import { requireCursor } from '../scan-options.ts';
import { globMatcher } from './glob.ts';

export const scan: Command = {
  name: 'scan',
  arity: -2,
  flags: ['readonly'],
  group: 'generic',
  summary: "Walks this node's keys; one that exists all the while is returned exactly once",
  syntax: 'cursor [MATCH pattern] [COUNT n] [TYPE type]',
  run({ node }, args) {
    const cursor = requireCursor(args, 1);
    let matches = (_key: string) => true;
    let count = 10;
    let wanted = '';
    for (let i = 2; i < args.length; i += 2) {
      if (i + 1 >= args.length) throw errors.syntax();
      const option = keywordAt(args, i);
      if (option === 'MATCH') matches = globMatcher(keyAt(args, i + 1));
      else if (option === 'COUNT') count = requireInteger(args, i + 1);
      else if (option === 'TYPE') wanted = keyAt(args, i + 1).toLowerCase();
      else throw errors.syntax();
    }
    if (count < 1) throw errors.syntax();
    const page = node.keyspace.scan(cursor, count);
    const found = page.keys.filter((key) => {
      if (!matches(key)) return false;
      const type = node.keyspace.typeOf(key);
      return wanted === '' || (type !== undefined && TYPE_NAMES[type].toLowerCase() === wanted);
    });
    return [String(page.cursor), found.map((key) => Buffer.from(key, 'latin1'))];
  },
};
