import { errors } from '../errors.ts';
import type { ServerError } from '../protocol/reply.ts';
import { type Argument, encodeRequest } from './requests.ts';
import type { UpstreamConnection } from './upstream-connection.ts';

/** How many replicas have to have what an AI command wrote before its client is told that it is done. */
export interface Acknowledgement {
  /** 0: none. */
  readonly replicas: number;
  /** The client is told that there were too few when this is over. */
  readonly timeoutMs: number;
}

export const NO_ACKNOWLEDGEMENT: Acknowledgement = { replicas: 0, timeoutMs: 1000 };

const COLON = 58;

/** Asks how many replicas have what was sent before, as soon as enough have. */
export function waitRequest({ replicas, timeoutMs }: Acknowledgement): readonly Argument[] {
  return ['WAIT', replicas, timeoutMs];
}

/**
 * Asks for the acknowledgement of all that was sent over a connection so far.
 * @param done called in its turn, behind the replies to it; with an error where too few replicas have it.
 */
export function acknowledged(
  upstream: UpstreamConnection,
  acknowledgement: Acknowledgement,
  done: (failure: ServerError | null) => void,
): void {
  const { replicas, timeoutMs } = acknowledgement;
  if (replicas === 0) {
    upstream.inTurn(() => done(null));
    return;
  }
  upstream.take((reply) => {
    const text = reply.toString('latin1', 1, reply.length - 2);
    if (reply[0] !== COLON) done(errors.acknowledgementUnknown(text));
    else if (Number(text) < replicas) done(errors.tooFewReplicas(Number(text), replicas, timeoutMs));
    else done(null);
  });
  upstream.send(encodeRequest(waitRequest(acknowledgement)));
}
