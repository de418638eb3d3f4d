import { latin1 } from '../../protocol/latin1.ts';
import { keyAt } from '../arguments.ts';
import type { Command } from '../command.ts';
import { sortedElements } from './sort-elements.ts';
import { parseSortOptions, sortKeyPositions } from './sort-options.ts';
import { listOf } from './sortable.ts';

export const sort: Command = {
  name: 'sort',
  arity: -2,
  flags: ['write', 'denyoom'],
  keys: { first: 1, last: 1, step: 1 },
  findKeys: sortKeyPositions,
  group: 'generic',
  summary: 'Returns or stores the elements of a list, set or sorted set in order',
  syntax:
    'key [BY pattern] [LIMIT offset count] [GET pattern [GET pattern ...]] [ASC | DESC] [ALPHA] [STORE destination]',
  run({ node: { keyspace, slots } }, args) {
    const options = parseSortOptions(args, false, slots !== null);
    const found = sortedElements(keyspace, keyAt(args, 1), options);
    if (options.store === undefined) return found;
    if (found.length === 0) keyspace.delete(options.store);
    else {
      const list = listOf(found.map((element) => (element === null ? '' : latin1(element))));
      keyspace.set(options.store, { type: 'list', list });
    }
    return found.length;
  },
};
