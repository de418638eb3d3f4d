import { EmbeddedKeyspace } from '../../src/keyspace/embedded/embedded-keyspace.ts';
import { keyspaceContract } from './keyspace-contract.ts';

keyspaceContract('embedded', () => new EmbeddedKeyspace(true));
