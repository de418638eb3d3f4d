import { container } from '../../container.ts';
import { getname } from './getname.ts';
import { id } from './id.ts';
import { info } from './info.ts';
import { kill } from './kill.ts';
import { list } from './list.ts';
import { noEvict } from './no-evict.ts';
import { noTouch } from './no-touch.ts';
import { pause, unpause } from './pause.ts';
import { reply } from './reply.ts';
import { setinfo } from './setinfo.ts';
import { setname } from './setname.ts';
import { caching, getredir, tracking, trackinginfo } from './tracking.ts';
import { unblock } from './unblock.ts';

export const client = container(
  {
    name: 'client',
    group: 'connection',
    since: '2.4.0',
    summary: 'Tells about connections, names and ends them',
  },
  [
    ...[caching, getname, getredir, id, info, kill, list, noEvict, noTouch, pause, reply],
    ...[setinfo, setname, tracking, trackinginfo, unblock, unpause],
  ],
);
