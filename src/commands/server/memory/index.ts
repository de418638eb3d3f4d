import { container } from '../../container.ts';
import { doctor } from './doctor.ts';
import { mallocStats } from './malloc-stats.ts';
import { purge } from './purge.ts';
import { stats } from './stats.ts';
import { usage } from './usage.ts';

export const memory = container(
  { name: 'memory', group: 'server', since: '4.0.0', summary: 'Tells what memory is used for' },
  [doctor, mallocStats, purge, stats, usage],
);
