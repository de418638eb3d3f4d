import { ClusterClient } from './cluster-client.ts';
import { addressFrom, type ConnectionFlags } from './options.ts';

/** Connects for the time that the work takes. */
export async function withClient<T>(
  flags: ConnectionFlags,
  work: (client: ClusterClient) => Promise<T>,
): Promise<T> {
  const client = await ClusterClient.open(addressFrom(flags));
  try {
    return await work(client);
  } finally {
    client.close();
  }
}
