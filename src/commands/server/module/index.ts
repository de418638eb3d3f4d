import { container } from '../../container.ts';
import { list } from './list.ts';
import { load, loadex, unload } from './load.ts';

export const module = container(
  { name: 'module', group: 'server', since: '4.0.0', summary: 'Tells that the AI commands are there' },
  [list, load, loadex, unload],
);
