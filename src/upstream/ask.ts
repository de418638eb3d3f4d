import { encodeRequest } from './requests.ts';
import { shownAddress, type UpstreamAddress } from './upstream-address.ts';
import { UpstreamConnection } from './upstream-connection.ts';

/**
 * What a Redis answers on a connection of its own, as it came.
 * @param logsIn whether with the address's user and password, where it has one.
 * @throws Error where it does not answer in time.
 */
export function askOnce(
  address: UpstreamAddress,
  patienceMs: number,
  args: readonly string[],
  logsIn = true,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const connection = new UpstreamConnection(address, {
      bytes: () => {},
      drained: () => {},
      closed: () => fail('it does not answer'),
    });
    const giveUp = setTimeout(() => fail(`no answer in ${patienceMs / 1000} s`), patienceMs);
    const fail = (reason: string) => {
      clearTimeout(giveUp);
      reject(new Error(`the Redis at ${shownAddress(address)} cannot be used: ${reason}`));
      connection.destroy();
    };
    const send = (words: readonly string[]) => connection.send(encodeRequest(words));
    if (logsIn) logIn(connection, address);
    connection.take((reply) => {
      clearTimeout(giveUp);
      resolve(reply);
      connection.destroy();
    });
    send(args);
  });
}

/** With the address's user and password, where it has one. A refusal shows in what is asked next. */
export function logIn(connection: UpstreamConnection, { user, password }: UpstreamAddress): void {
  if (password === '') return;
  connection.take(() => {});
  connection.send(encodeRequest(['AUTH', ...(user === '' ? [] : [user]), password]));
}
