import { container } from '../../container.ts';
import { channels, shardchannels } from './channels.ts';
import { numpat } from './numpat.ts';
import { numsub, shardnumsub } from './numsub.ts';

export const pubsub = container(
  { name: 'pubsub', group: 'pubsub', since: '2.8.0', summary: 'Tells about channels and who listens' },
  [channels, numpat, numsub, shardchannels, shardnumsub],
);
