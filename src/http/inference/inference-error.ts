import { errors } from '../../errors.ts';

/** What a client of the protocol is told went wrong, with the status of the HTTP reply. */
export class InferenceError extends Error {
  readonly statusCode: number;

  constructor(statusCode: number, message: string) {
    super(message);
    this.statusCode = statusCode;
  }
}

const BY_CODE: Readonly<Record<string, number>> = {
  ...{ NOAUTH: 401, WRONGPASS: 401, NOPERM: 403 },
  ...{ LOADING: 503, BUSY: 503, OOM: 503, MISCONF: 503, CLUSTERDOWN: 503, MASTERDOWN: 503, TRYAGAIN: 503 },
};

/** Errors whose code says less than their text. */
const BY_TEXT: ReadonlyMap<string, number> = new Map([
  [errors.internal().message, 500],
  ...[errors.maxClients(), errors.executionBusy(), errors.workerDied()].map((e) => [e.message, 503] as const),
  ...[errors.executionTimeout(), errors.loadTimeout()].map((e) => [e.message, 504] as const),
]);

const NO_MODEL = errors.emptyModelKey().message;

/** @param error as a node replied it to a command for the model. */
export function fromNodeError({ message }: Error, model: string): InferenceError {
  const [, code = '', text = ''] = /^([A-Z]+) (.*)$/s.exec(message) ?? [];
  if (message === NO_MODEL || code === 'WRONGTYPE') {
    return new InferenceError(404, `there is no model ${JSON.stringify(model)}`);
  }
  if (code === 'MOVED' || code === 'ASK') {
    const owner = text.split(' ')[1];
    return new InferenceError(421, `the model ${JSON.stringify(model)} is at the node ${owner}`);
  }
  if (code === 'DENIED') {
    return new InferenceError(
      403,
      'the node is in protected mode: without a password it serves its own machine only',
    );
  }
  const status = BY_TEXT.get(message) ?? BY_CODE[code] ?? 400;
  return new InferenceError(status, code === 'ERR' ? text : message);
}
