import type { SlotMap } from '../cluster/slot-map.ts';
import type { ClientSession } from './client-session.ts';
import type { CommandTable } from './commands/table.ts';
import type { Devices } from './execution/devices.ts';
import type { Keyspace } from './keyspace/keyspace.ts';
import type { Scripts } from './scripting/scripts.ts';

/** Settings that CONFIG and AI.CONFIG read and change at run time. Sizes in bytes. */
export interface RuntimeConfig {
  maxmemory: number;
  maxclients: number;
  protoMaxBulkLen: number;
  modelChunkSize: number;
  backendsPath: string;
  /** After which a script is ended; 0: never. */
  luaTimeLimitMs: number;
}

export interface NodeCounters {
  commands: number;
  connections: number;
  rejectedConnections: number;
  errors: number;
  bytesIn: number;
  bytesOut: number;
}

/** The parts of a node that commands work with. */
export interface NodeContext {
  readonly name: string;
  /** 40 hexadecimal digits. */
  readonly id: string;
  readonly host: string;
  readonly port: number;
  readonly dataDirectory: string;
  readonly startedAt: number;
  /** Null outside cluster mode. */
  readonly slots: SlotMap | null;
  readonly keyspace: Keyspace;
  readonly devices: Devices;
  readonly scripts: Scripts;
  readonly config: RuntimeConfig;
  readonly counters: NodeCounters;
  readonly clients: ReadonlyMap<number, ClientSession>;
  readonly commands: CommandTable;
}
