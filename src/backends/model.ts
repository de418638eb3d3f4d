/** The backends' names on the wire. */
export const BACKEND_NAMES = ['TF', 'TFLITE', 'TORCH', 'ONNX'] as const;
export type BackendName = (typeof BACKEND_NAMES)[number];

/** What the ends of files' names tell, in lower case. */
export const BACKEND_OF_EXTENSION: Readonly<Record<string, BackendName>> = {
  '.onnx': 'ONNX',
  '.pb': 'TF',
  '.pt': 'TORCH',
  '.pt2': 'TORCH',
  '.pth': 'TORCH',
  '.tflite': 'TFLITE',
  '.lite': 'TFLITE',
};

/** Nodes of a graph that does not say itself which are its inputs and outputs, as TensorFlow's do not. */
export interface NodeNames {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

export interface BatchSettings {
  /** Most rows (dimension 0) of one run; 0 switches batching off. */
  readonly batchSize: number;
  /** Rows to wait for before a run; 0 waits for none. */
  readonly minBatchSize: number;
  /** How long to wait for them, in ms since the first request was queued; 0 waits without bound. */
  readonly minBatchTimeoutMs: number;
}

/** Counts of this node since the model was stored or RESETSTAT. */
export interface RunStatistics {
  durationUs: number;
  samples: number;
  calls: number;
  errors: number;
}

/** What the threads of a device load and run: a model or a script. */
export interface Runnable {
  /** Unique within the process: the name of its sessions in the workers. */
  readonly id: number;
  readonly backend: BackendName;
  /** As the client wrote it. */
  readonly device: string;
  readonly batching: BatchSettings;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Of a script its source. */
  readonly blob: Uint8Array<SharedArrayBuffer>;
  readonly statistics: RunStatistics;
  readonly isScript?: true;
}

/** A model as it lies under a key. Immutable but for its statistics. */
export interface StoredModel extends Runnable {
  readonly tag: Uint8Array;
}
