/** What a client of the protocol is told went wrong, with the status of the HTTP reply. */
export class InferenceError extends Error {
  readonly statusCode: number;

  constructor(statusCode: number, message: string) {
    super(message);
    this.statusCode = statusCode;
  }
}

const STATUSES: Readonly<Record<string, number>> = {
  ...{ NOAUTH: 401, WRONGPASS: 401, NOPERM: 403, DENIED: 403 },
  ...{ LOADING: 503, BUSY: 503, OOM: 503, MISCONF: 503, CLUSTERDOWN: 503, MASTERDOWN: 503, TRYAGAIN: 503 },
};
/** Errors of the code ERR whose text says more. */
const TEXTS: Readonly<Record<string, number>> = {
  'internal error': 500,
  'max number of clients reached': 503,
};

/** @param error as the node replied it to a command for the model. */
export function fromNodeError({ message }: Error, model: string): InferenceError {
  const [, code = '', text = ''] = /^([A-Z]+) (.*)$/s.exec(message) ?? [];
  if (text === 'model key is empty' || code === 'WRONGTYPE') {
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
  if (code === 'ERR') return new InferenceError(TEXTS[text] ?? 400, text);
  return new InferenceError(STATUSES[code] ?? 400, message);
}
