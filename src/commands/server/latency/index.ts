import { container } from '../../container.ts';
import { doctor } from './doctor.ts';
import { histogram } from './histogram.ts';
import { history } from './history.ts';
import { latest } from './latest.ts';
import { reset } from './reset.ts';

export const latency = container(
  { name: 'latency', group: 'server', since: '2.8.13', summary: 'Tells how long commands take' },
  [doctor, histogram, history, latest, reset],
);
