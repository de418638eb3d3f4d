import type { Command } from '../command.ts';
import { command } from './command/index.ts';
import { config } from './config/index.ts';
import { debug } from './debug.ts';
import { info } from './info.ts';
import { latency } from './latency/index.ts';
import { lolwut } from './lolwut.ts';
import { memory } from './memory/index.ts';
import { module } from './module/index.ts';
import { monitor } from './monitor.ts';
import { replconf } from './replconf.ts';
import * as replication from './replication.ts';
import * as saving from './saving.ts';
import { shutdown } from './shutdown.ts';
import { slowlog } from './slowlog/index.ts';
import { swapdb } from './swapdb.ts';
import { psync, sync } from './sync.ts';

export const serverCommands: readonly Command[] = [
  ...[command, config, debug, info, latency, lolwut, memory, module, monitor, shutdown, slowlog, swapdb],
  ...[sync, psync, replconf],
  ...Object.values(replication),
  ...Object.values(saving),
];
