import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import * as ort from 'onnxruntime-node';
import { ORT_DTYPES } from '../../src/backends/onnx/ort-tensors.ts';
import { openNativeRuntime } from '../../src/backends/tflite/native/native-runtime.ts';
import { graphDef } from './tensorflow-graphs.ts';
import { bert, mobilenet, resnet, ssd } from './tensorflow-models.ts';
import { archive } from './torch-archives.ts';

/** A model file and what it takes to store and run it. */
export interface ModelSample {
  readonly backend: 'ONNX' | 'TF' | 'TORCH' | 'TFLITE';
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Tensors that it runs on. */
  readonly inputs: readonly { readonly dtype: string; readonly shape: readonly number[] }[];
  readonly outputs: number;
  /** What AI.MODELSTORE is told between the device and BLOB, such as the names of TF's inputs and outputs. */
  readonly storeArguments: readonly string[];
}

const COMMITTED = path.join(import.meta.dirname, '../models');
const REAL = path.resolve(
  process.env.TESSERA_TEST_MODELS ?? path.join(import.meta.dirname, '../../../shared/models'),
);
const SHARED = path.join(REAL, 'onnx');

/**
 * The committed ONNX models, and those of the folder of real ones where there is one.
 * Without the endless loop: damaged or not, it holds its thread for good, as nothing can stop a run inside the runtime.
 */
export async function onnxSamples(withReal: boolean): Promise<ModelSample[]> {
  const folders = withReal ? [COMMITTED, SHARED, path.join(SHARED, 'made')] : [COMMITTED];
  const samples = new Map<string, ModelSample>();
  for (const folder of folders) {
    for (const file of existsSync(folder) ? readdirSync(folder) : []) {
      if (file.endsWith('.onnx') && file !== 'endless_loop.onnx' && !samples.has(file)) {
        samples.set(file, await onnxSample(path.join(folder, file)));
      }
    }
  }
  return [...samples.values()];
}

async function onnxSample(file: string): Promise<ModelSample> {
  const bytes = readFileSync(file);
  const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 4 });
  const inputs = session.inputMetadata.map((meta) => {
    if (!meta.isTensor) throw new Error(`${file}: an input is no tensor`);
    const shape = meta.shape.map((dim) => (typeof dim === 'number' && dim > 0 ? dim : 1));
    return { dtype: ORT_DTYPES[meta.type] ?? 'FLOAT', shape };
  });
  const outputs = session.outputNames.length;
  await session.release();
  return { backend: 'ONNX', name: path.basename(file), bytes, inputs, outputs, storeArguments: [] };
}

/** The committed TensorFlow Lite models, and those of the folder of real ones where there is one. */
export async function tfliteSamples(withReal: boolean): Promise<ModelSample[]> {
  const runtime = openNativeRuntime();
  const samples: ModelSample[] = [];
  for (const folder of withReal ? [COMMITTED, path.join(REAL, 'tflite')] : [COMMITTED]) {
    for (const file of existsSync(folder) ? readdirSync(folder) : []) {
      // Without those that need operators which nobody has here, and one that runs for seconds.
      if (!file.endsWith('.tflite') || /^NEG_|^style_transfer/.test(file)) continue;
      const bytes = readFileSync(path.join(folder, file));
      const interpreter = await runtime.open(bytes, 1);
      const inputs = interpreter.inputs.map(({ dtype, shape }) => ({ dtype: dtype ?? 'FLOAT', shape }));
      const outputs = interpreter.outputs().length;
      interpreter.close();
      samples.push({ backend: 'TFLITE', name: file, bytes, inputs, outputs, storeArguments: [] });
    }
  }
  return samples;
}

const EXPORTED = new URL('../fixtures/torch-exported/', import.meta.url);

/** Networks as torch.export.save writes them, of both formats. */
export function exportedSamples(): ModelSample[] {
  return ['mlp', 'cnn-decomposed', 'encoder', 'shapes-decomposed'].map((name) => {
    const { runs } = JSON.parse(readFileSync(new URL(`${name}.jsonl`, EXPORTED), 'utf8')) as {
      runs: [inputs: [dtype: string, shape: number[]][], outputs: unknown[]][];
    };
    const [inputs, outputs] = runs[0] as (typeof runs)[0];
    return {
      backend: 'TORCH',
      name: `${name}.pt2`,
      bytes: readFileSync(new URL(`${name}.pt2`, EXPORTED)),
      inputs: inputs.map(([dtype, shape]) => ({ dtype, shape })),
      outputs: outputs.length,
      storeArguments: [],
    };
  });
}

const SCRIPTED = `def forward(self, x: Tensor) -> Tensor:
  w = self.w
  y = torch.relu(torch.matmul(x, w))
  n = 0
  while n < 3:
    y = torch.add(y, torch.mul(w, 0.5))
    n = torch.add(n, 1)
  if bool(torch.gt(torch.sum(y), 0)):
    y = torch.softmax(y, -1)
  else:
    y = torch.cat([y, y])
  return torch.reshape(y, [-1])`;

/** Programs of the TorchScript language, and real archives where there are some. */
export function scriptedSamples(withReal: boolean): ModelSample[] {
  const common = { backend: 'TORCH', outputs: 1, storeArguments: [] } as const;
  const elements = Array.from({ length: 16 }, (_, i) => i / 16 - 0.5);
  const bytes = archive(SCRIPTED, { w: { shape: [4, 4], elements } });
  const own = { ...common, name: 'scripted.pt', bytes, inputs: [{ dtype: 'FLOAT', shape: [4, 4] }] };
  const folder = path.join(REAL, 'torch');
  const names =
    withReal && existsSync(folder) ? ['mlp_scripted', 'cnn_traced', 'lstm_frozen', 'ctldata_scripted'] : [];
  return [
    own,
    ...names.map((name) => {
      const { cases } = JSON.parse(readFileSync(path.join(folder, name, 'io.json'), 'utf8')) as {
        cases: { inputs: { dtype: string; shape: number[] }[] }[];
      };
      const inputs = (cases[0]?.inputs ?? []).map(({ dtype, shape }) => ({
        dtype: dtype === 'int64' ? 'INT64' : 'FLOAT',
        shape,
      }));
      return {
        ...common,
        name: `${name}.pt`,
        bytes: readFileSync(path.join(folder, name, 'model.pt')),
        inputs,
      };
    }),
  ];
}

/** Networks as TensorFlow would freeze them, made in code. */
export function tensorflowSamples(): ModelSample[] {
  return [resnet(), mobilenet(), bert(), ssd()].map(({ name, nodes, feeds, outputs }) => {
    const inputs = Object.entries(feeds);
    return {
      backend: 'TF',
      name: `${name}.pb`,
      bytes: graphDef(...nodes),
      inputs: inputs.map(([, { dtype, shape }]) => ({ dtype, shape })),
      outputs: outputs.length,
      storeArguments: [
        ...['INPUTS', String(inputs.length), ...inputs.map(([input]) => input)],
        ...['OUTPUTS', String(outputs.length), ...outputs],
      ],
    };
  });
}
