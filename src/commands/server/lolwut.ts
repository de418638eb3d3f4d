import { Verbatim } from '../../protocol/reply.ts';
import { REDIS_VERSION } from '../../version.ts';
import type { Command } from '../command.ts';

const TILES = ['◢', '◣', '◤', '◥', '■', '□'];
const COLUMNS = 32;
const ROWS = 8;

export const lolwut: Command = {
  name: 'lolwut',
  arity: -1,
  flags: ['readonly', 'fast'],
  group: 'server',
  since: '5.0.0',
  summary: 'Lays a mosaic',
  syntax: '[VERSION version]',
  run() {
    const tile = () => TILES[Math.floor(Math.random() * TILES.length)];
    const row = () => Array.from({ length: COLUMNS }, tile).join('');
    const mosaic = Array.from({ length: ROWS }, row).join('\n');
    return new Verbatim(`${mosaic}\nRedis ver. ${REDIS_VERSION}\n`);
  },
};
