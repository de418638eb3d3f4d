import type { ClientSession } from '../../../client-session.ts';
import { errors } from '../../../errors.ts';
import type { Arguments } from '../../../protocol/request-reader.ts';
import { keywordAt, textAt } from '../../arguments.ts';

/**
 * A test for the type of client that the argument names: NORMAL, PUBSUB, or MASTER and REPLICA, which no client is here.
 * @throws ServerError where it names none.
 */
export function typeTestAt(args: Arguments, index: number): (session: ClientSession) => boolean {
  switch (keywordAt(args, index)) {
    case 'NORMAL':
      return (session) => session.subscriptions === 0;
    case 'PUBSUB':
      return (session) => session.subscriptions > 0;
    case 'MASTER':
    case 'REPLICA':
    case 'SLAVE':
      return () => false;
    default:
      throw errors.unknownClientType(textAt(args, index));
  }
}
