import type { ClusterClient } from '../connection/cluster-client.ts';
import { ServerError } from '../connection/server-connection.ts';
import { EXIT_CODES } from '../failure.ts';
import { note } from '../terminal/output.ts';
import { shown } from '../terminal/text.ts';

/** Deletes each of the keys; those that cannot be are told, and make the exit code 1. */
export async function deleteKeys(
  client: ClusterClient,
  command: 'AI.MODELDEL' | 'AI.SCRIPTDEL',
  keys: readonly string[],
): Promise<void> {
  for (const key of keys) {
    try {
      await client.demand(command, key);
      process.stdout.write(`deleted ${shown(key)}\n`);
    } catch (error) {
      if (!(error instanceof ServerError)) throw error;
      note(`tessera: ${shown(key)}: ${error.reply}`);
      process.exitCode = EXIT_CODES.failed;
    }
  }
}
