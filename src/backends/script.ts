import type { RunStatistics } from './model.ts';

/** A TorchScript source as it lies under a key. Immutable but for its statistics. */
export interface StoredScript {
  /** Unique within the process, among models and scripts. */
  readonly id: number;
  /** As the client wrote it. */
  readonly device: string;
  readonly tag: Uint8Array;
  /** Functions that AI.SCRIPTEXECUTE may call; none for a script stored by AI.SCRIPTSET. */
  readonly entryPoints: readonly string[];
  readonly source: Uint8Array;
  readonly statistics: RunStatistics;
}
