import { GoldenClient, type GoldenReply } from '../support/golden-client.ts';

/** A command and what Redis 7.0.15 answers. */
export interface RecordedLine {
  readonly cmd: readonly (string | number)[];
  readonly reply: GoldenReply;
  /** Where it is another in RESP3. */
  readonly resp3?: GoldenReply;
}

export function replyIn(line: RecordedLine, protocol: 2 | 3): GoldenReply {
  return protocol === 3 && line.resp3 !== undefined ? line.resp3 : line.reply;
}

/** Sends the commands one after the other to an emptied server. */
export async function replay(
  port: number,
  protocol: 2 | 3,
  lines: readonly RecordedLine[],
): Promise<GoldenReply[]> {
  const client = await GoldenClient.connect(port, protocol);
  await client.send(['FLUSHALL']);
  await client.send(['SCRIPT', 'FLUSH']);
  const replies: GoldenReply[] = [];
  for (const { cmd } of lines) replies.push(await client.send(cmd));
  client.close();
  return replies;
}
