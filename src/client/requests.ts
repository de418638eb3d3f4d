import { type Connection, fieldsOf, type Key, type Request, textOf } from './connection.ts';
import { AiError } from './errors.ts';

/** Sends what answers OK. @throws AiError for another answer: TIMEDOUT is not an error on the wire. */
export async function expectOk(connection: Connection, request: Request): Promise<void> {
  const answer = textOf(await connection.send(request));
  if (answer !== 'OK') throw new AiError(answer, String(request.args[0]));
}

/** What ran under a key since it was stored or reset, on the node that has it. */
export interface RunInfo {
  readonly type: 'MODEL' | 'SCRIPT';
  readonly backend: string;
  readonly device: string;
  readonly tag: string;
  /** Time of all runs, in microseconds. */
  readonly durationUs: number;
  /** Rows of dimension 0; -1 for scripts. */
  readonly samples: number;
  readonly calls: number;
  readonly errors: number;
}

export async function readRunInfo(connection: Connection, key: Key): Promise<RunInfo> {
  const fields = fieldsOf(await connection.send({ key, isReadonly: true, args: ['AI.INFO', key] }));
  const text = (name: string) => textOf(fields.get(name));
  const number = (name: string) => Number(fields.get(name));
  return {
    type: text('type') === 'SCRIPT' ? 'SCRIPT' : 'MODEL',
    ...{ backend: text('backend'), device: text('device'), tag: text('tag') },
    ...{ durationUs: number('duration'), samples: number('samples') },
    ...{ calls: number('calls'), errors: number('errors') },
  };
}
