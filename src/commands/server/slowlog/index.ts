import { container } from '../../container.ts';
import { get } from './get.ts';
import { len } from './len.ts';
import { reset } from './reset.ts';

export const slowlog = container(
  { name: 'slowlog', group: 'server', since: '2.2.12', summary: 'Tells which commands took long' },
  [get, len, reset],
);
