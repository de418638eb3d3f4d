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
import * as replication from './replication.ts';
import * as saving from './saving.ts';
import { shutdown } from './shutdown.ts';
import { slowlog } from './slowlog/index.ts';
import { swapdb } from './swapdb.ts';

export const serverCommands: readonly Command[] = [
  ...[command, config, debug, info, latency, lolwut, memory, module, monitor, shutdown, slowlog, swapdb],
  ...Object.values(replication),
  ...Object.values(saving),
];
