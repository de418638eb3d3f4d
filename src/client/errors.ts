/** Why a server refused a command, for a program to decide by. A code that is not in this list is the first word of the server's text. */
export type ErrorCode =
  /** No model, script or tensor is under the key. */
  | 'NO_MODEL'
  | 'NO_SCRIPT'
  | 'NO_TENSOR'
  /** It waited in the queue for longer than its timeout; nothing was run. */
  | 'TIMED_OUT'
  /** It ran for longer than the server allows. */
  | 'RAN_TOO_LONG'
  /** The device's queue is full; nothing was run, try again later. */
  | 'BUSY'
  | 'OOM'
  | 'WRONGTYPE'
  | 'CROSSSLOT'
  | 'NOPERM'
  | 'LOADING'
  | 'MISCONF'
  | 'READONLY'
  /** All others. */
  | 'ERR';

const BY_TEXT: readonly (readonly [RegExp, ErrorCode])[] = [
  [/^(ERR )?model key is empty/, 'NO_MODEL'],
  [/^(ERR )?script key is empty/, 'NO_SCRIPT'],
  [/^(ERR )?cannot find run info for key/, 'NO_MODEL'],
  [/^(ERR )?tensor key is empty/, 'NO_TENSOR'],
  [/Exiting due to terminate flag being set to true|the script was cut/, 'RAN_TOO_LONG'],
  [/^ERR CROSSSLOT/, 'CROSSSLOT'],
];

/** An error that the server answered. Those of the connection are node-redis's own and pass as they are. */
export class AiError extends Error {
  override readonly name = 'AiError';
  readonly code: ErrorCode | (string & {});
  /** Such as `AI.MODELEXECUTE`; in a DAG that of the operation which failed. */
  readonly command: string;

  constructor(text: string, command: string, options?: ErrorOptions) {
    super(text, options);
    this.code = codeOf(text);
    this.command = command;
  }
}

function codeOf(text: string): string {
  if (text === 'TIMEDOUT') return 'TIMED_OUT';
  const known = BY_TEXT.find(([pattern]) => pattern.test(text));
  return known?.[1] ?? /^([A-Z]+) /.exec(text)?.[1] ?? 'ERR';
}
