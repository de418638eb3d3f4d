import { setTimeout as delay } from 'node:timers/promises';
import { isError } from './reply-kinds.ts';
import { type Argument, encodeRequest } from './requests.ts';
import type { UpstreamConnection } from './upstream-connection.ts';

/** While a slot moves, keys of one command may be on two nodes for a moment: Redis is asked again. */
const TRY_AGAIN = '-TRYAGAIN';
const TRY_AGAIN_DELAY_MS = 20;
const TRY_AGAIN_PATIENCE_MS = 5000;

/** How Redis is asked. */
export interface Asking {
  /** Whether each request needs ASKING before it. */
  readonly isAsking: boolean;
  /** The client's own ASKING is for the first one. */
  readonly hasAsked?: boolean;
  /** Whether it is asked again where it says so. */
  readonly triesAgain: boolean;
}

/** Requests of a node's own on a client's connection to Redis, which are sent again while a slot moves. */
export class RetryingRequests {
  readonly #upstream: UpstreamConnection;

  constructor(upstream: UpstreamConnection) {
    this.#upstream = upstream;
  }

  /** Sends a command that changes what the connection may do, and is no business of the client. */
  sendUnanswered(name: string): void {
    this.#upstream.take(() => {});
    this.#upstream.send(encodeRequest([name]));
  }

  /** @param done given the reply, once it does not say to try again. */
  send(request: readonly Argument[], how: Asking, done: (reply: Buffer) => void): void {
    const deadline = Date.now() + TRY_AGAIN_PATIENCE_MS;
    const send = (isAsking: boolean) => {
      if (isAsking) this.sendUnanswered('ASKING');
      this.#upstream.take((reply) => {
        const isMoving = isError(reply) && reply.toString('latin1', 0, TRY_AGAIN.length) === TRY_AGAIN;
        if (!isMoving || !how.triesAgain || Date.now() > deadline) done(reply);
        // ASKING is for one request: the slot's new node has to be told each time.
        else void delay(TRY_AGAIN_DELAY_MS).then(() => send(how.isAsking));
      });
      this.#upstream.send(encodeRequest(request));
    };
    send(how.isAsking && how.hasAsked !== true);
  }

  /** The reply to a request. @param isAsking whether it needs ASKING before it. */
  replyTo(args: readonly Argument[], isAsking: boolean): Promise<Buffer> {
    const how = { isAsking, triesAgain: true };
    return new Promise((resolve) => this.send(args, how, resolve));
  }
}
