import { watchFile } from 'node:fs';
import { AddressBook, type BookEntry } from '../src/upstream/address-book.ts';
import { announcedAddress } from './access-config.ts';
import { type ClusterConfig, ConfigError, loadClusterConfig } from './config.ts';

/** How often it is looked whether the file has changed. */
const LOOK_MS = 1000;

/** Which nodes of the configuration stand before which Redis. @param ownHost of the one that is asked. */
export function addressesOf(config: ClusterConfig, ownHost: string): AddressBook {
  return new AddressBook(entriesOf(config), ownHost);
}

/**
 * Takes nodes that come into the configuration's file, or go, while this one runs. A file that cannot be used changes nothing.
 * @param log gets the reason why it cannot be used, and what was taken.
 */
export function followAddresses(
  configPath: string,
  addresses: AddressBook,
  log: { info(message: string): void; warn(message: string): void },
): void {
  watchFile(configPath, { interval: LOOK_MS, persistent: false }, () => {
    try {
      const entries = entriesOf(loadClusterConfig(configPath));
      addresses.update(entries);
      log.info(`${configPath} has changed, nodes before Redis nodes: ${entries.length}`);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      log.warn(`the nodes stay those that were known: ${error.message}`);
    }
  });
}

function entriesOf(config: ClusterConfig): BookEntry[] {
  return config.nodes.flatMap(({ redis, ...node }) => {
    const { host, port, tlsPort } = announcedAddress(node);
    return redis === undefined || host === undefined ? [] : [{ redis, node: { host, port, tlsPort } }];
  });
}
