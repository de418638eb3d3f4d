// Writes what a real Redis 7.0 answers into recorded/*.json: node test/scripting/record.ts
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { startRedis } from '../support/redis-server.ts';
import { type RecordedLine, replay } from './recording.ts';

const folder = path.join(import.meta.dirname, 'recorded');
const redis = await startRedis();
for (const file of readdirSync(folder)) {
  const at = path.join(folder, file);
  const lines: RecordedLine[] = JSON.parse(readFileSync(at, 'utf8'));
  const resp2 = await replay(redis.port, 2, lines);
  const resp3 = await replay(redis.port, 3, lines);
  const recorded = lines.map(({ cmd }, i) => {
    const same = JSON.stringify(resp2[i]) === JSON.stringify(resp3[i]);
    return same ? { cmd, reply: resp2[i] } : { cmd, reply: resp2[i], resp3: resp3[i] };
  });
  writeFileSync(at, `${JSON.stringify(recorded, null, 2)}\n`);
}
await redis.stop();
