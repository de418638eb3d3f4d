import { container } from '../../container.ts';
import { get } from './get.ts';
import { resetstat } from './resetstat.ts';
import { rewrite } from './rewrite.ts';
import { set } from './set.ts';

export const config = container(
  { name: 'config', group: 'server', since: '2.0.0', summary: "Reads or changes this node's settings" },
  [get, resetstat, rewrite, set],
);
