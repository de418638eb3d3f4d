/** What a trial asks of its child process. */
export interface TrialRequest {
  readonly model: Uint8Array;
  readonly threads: number;
  /** After which the child is ended. */
  readonly timeoutMs: number;
}

/** `'lives'` when the model was loaded and run, the run failed in order, or the text of the error with which it was refused. */
export type TrialResult = 'lives' | { readonly refused: string };

/** What the child process says when it is up. */
export const READY = 'ready';
