// Writes the models and images of the examples (npm run examples:models). The same source gives the same bytes; all data is made up here.
import { mkdirSync, writeFileSync } from 'node:fs';
import { buildModel, type Graph, type Initializer, seededRandom } from '../scripts/onnx-builder.ts';
import { writePgm } from './images/pgm.ts';
import { normalReading } from './sensors/readings.ts';

const at = (row: ArrayLike<number>, i: number): number => row[i] as number;
const write = (file: string, bytes: Uint8Array) => writeFileSync(new URL(file, import.meta.url), bytes);
const float = (name: string, shape: (number | string)[]) => ({ name, type: 'float' as const, shape });
const constant = (name: string, shape: number[], data: number[]): Initializer => ({
  ...{ name, shape },
  data: Float32Array.from(data),
});

/** Softmax regression by full-batch gradient descent: weights [features + 1, classes], row-major, the last row the bias. */
function train(rows: readonly number[][], labels: readonly number[], classes: number): number[] {
  const features = (rows[0] as number[]).length;
  const weights = new Float64Array((features + 1) * classes);
  const velocity = new Float64Array(weights.length);
  for (let epoch = 0; epoch < 300; epoch++) {
    const gradient = new Float64Array(weights.length);
    rows.forEach((row, n) => {
      const chances = chancesOf(row, weights, classes);
      for (let k = 0; k < classes; k++) {
        const error = (at(chances, k) - (labels[n] === k ? 1 : 0)) / rows.length;
        for (let i = 0; i <= features; i++) {
          const cell = i * classes + k;
          gradient[cell] = at(gradient, cell) + error * (i < features ? at(row, i) : 1);
        }
      }
    });
    for (let cell = 0; cell < weights.length; cell++) {
      velocity[cell] = 0.9 * at(velocity, cell) - 0.3 * at(gradient, cell);
      weights[cell] = at(weights, cell) + at(velocity, cell);
    }
  }
  return Array.from(weights, (w) => Number(w.toFixed(4)));
}

function chancesOf(row: readonly number[], weights: ArrayLike<number>, classes: number): number[] {
  const logits = Array.from({ length: classes }, (_, k) =>
    row.reduce((sum, x, i) => sum + x * at(weights, i * classes + k), at(weights, row.length * classes + k)),
  );
  const powers = logits.map((x) => Math.exp(x - Math.max(...logits)));
  const total = powers.reduce((a, b) => a + b);
  return powers.map((x) => x / total);
}

/** The regression as a graph, once it is right on rows that it was not trained on. */
function classifier(name: string, make: () => { row: number[]; label: number }, classes: number): Graph {
  const [known, unseen] = [Array.from({ length: 1500 }, make), Array.from({ length: 500 }, make)];
  const weights = train(
    known.map(({ row }) => row),
    known.map(({ label }) => label),
    classes,
  );
  const right = unseen.filter(({ row, label }) => {
    const chances = chancesOf(row, weights, classes);
    return chances.indexOf(Math.max(...chances)) === label;
  });
  console.log(`${name}: right on ${((100 * right.length) / unseen.length).toFixed(1)} % of unseen rows`);
  if (right.length < 0.95 * unseen.length) throw new Error(`${name} is not good enough`);
  const features = (known[0]?.row ?? []).length;
  return {
    name,
    inputs: [float('features', ['N', features])],
    outputs: [float('chances', ['N', classes])],
    operators: [
      { type: 'Gemm', inputs: ['features', 'w', 'b'], outputs: ['logits'] },
      { type: 'Softmax', inputs: ['logits'], outputs: ['chances'] },
    ],
    initializers: [
      constant('w', [features, classes], weights.slice(0, features * classes)),
      constant('b', [classes], weights.slice(features * classes)),
    ],
  };
}

/** A purchase as features.py sees it. Frauds are expensive, far away, at night or in haste, mostly several of these. */
function purchase(random: () => number) {
  const label = random() < 0.5 ? 1 : 0;
  const spread = () => random() + random() + random() - 1.5;
  const row =
    label === 1
      ? [4 + 3 * spread(), 4 + 2 * spread(), random() < 0.5 ? 1 : 0, random()]
      : [spread(), 0.7 + 0.6 * spread(), random() < 0.05 ? 1 : 0, random() * 0.1];
  return { row, label };
}

const FONT = [
  '01110100011001110101110011000101110',
  '00100011000010000100001000010001110',
  '01110100010000100010001000100011111',
  '11111000100010000010000011000101110',
  '00010001100101010010111110001000010',
  '11111100001111000001000011000101110',
  '00110010001000011110100011000101110',
  '11111000010001000100010000100001000',
  '01110100011000101110100011000101110',
  '01110100011000101111000010001001100',
];

/** A digit of 5x7 squares somewhere in the image, with soft edges and noise; grey values. */
function drawDigit(digit: number, size: number, random: () => number): Uint8Array {
  const cell = size * (0.1 + 0.02 * random());
  const left = (size - 5 * cell) / 2 + size * 0.12 * (random() - 0.5);
  const top = (size - 7 * cell) / 2 + size * 0.12 * (random() - 0.5);
  const slant = 0.3 * (random() - 0.5);
  return Uint8Array.from({ length: size * size }, (_, i) => {
    const [y, x] = [Math.floor(i / size), i % size];
    let ink = 0;
    for (const [dx, dy] of [
      [0.25, 0.25],
      [0.75, 0.25],
      [0.25, 0.75],
      [0.75, 0.75],
    ] as const) {
      const row = Math.floor((y + dy - top) / cell);
      const column = Math.floor((x + dx - left + slant * (y - size / 2)) / cell);
      const inside = row >= 0 && row < 7 && column >= 0 && column < 5;
      if (inside && FONT[digit]?.[row * 5 + column] === '1') ink += 0.25;
    }
    return 255 * Math.min(1, 0.8 * ink + 0.2 * random());
  });
}

/** From values of normal readings to how far one is from them, in standard deviations, along all directions (Mahalanobis). */
function distanceGraph(random: () => number): Graph {
  const rows = Array.from({ length: 2000 }, () => normalReading(random));
  const mean = [0, 1, 2].map((i) => rows.reduce((sum, row) => sum + at(row, i), 0) / rows.length);
  const covariance = [0, 1, 2].map((i) =>
    [0, 1, 2].map(
      (j) =>
        rows.reduce((sum, r) => sum + (at(r, i) - at(mean, i)) * (at(r, j) - at(mean, j)), 0) / rows.length,
    ),
  );
  // Whitened by the inverse of the Cholesky factor L: |L^-1 (x - mean)|.
  const cell = (m: readonly number[][], i: number, j: number) => m[i]?.[j] as number;
  const lower = [
    [0, 0, 0],
    [0, 0, 0],
    [0, 0, 0],
  ];
  const inverse = [
    [0, 0, 0],
    [0, 0, 0],
    [0, 0, 0],
  ];
  for (let i = 0; i < 3; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = cell(covariance, i, j);
      for (let k = 0; k < j; k++) sum -= cell(lower, i, k) * cell(lower, j, k);
      (lower[i] as number[])[j] = i === j ? Math.sqrt(sum) : sum / cell(lower, j, j);
    }
  }
  for (let j = 0; j < 3; j++) {
    for (let i = j; i < 3; i++) {
      let sum = i === j ? 1 : 0;
      for (let k = j; k < i; k++) sum -= cell(lower, i, k) * cell(inverse, k, j);
      (inverse[i] as number[])[j] = sum / cell(lower, i, i);
    }
  }
  const transposed = [0, 1, 2].flatMap((i) => [0, 1, 2].map((j) => cell(inverse, j, i)));
  return {
    name: 'distance',
    inputs: [float('readings', ['N', 3])],
    outputs: [float('distances', ['N'])],
    operators: [
      { type: 'Sub', inputs: ['readings', 'mean'], outputs: ['centred'] },
      { type: 'MatMul', inputs: ['centred', 'whitening'], outputs: ['white'] },
      { type: 'Mul', inputs: ['white', 'white'], outputs: ['squares'] },
      { type: 'ReduceSum', inputs: ['squares', 'axes'], outputs: ['sum'], attributes: { keepdims: 0 } },
      { type: 'Sqrt', inputs: ['sum'], outputs: ['distances'] },
    ],
    initializers: [
      constant('mean', [3], mean),
      constant('whitening', [3, 3], transposed),
      { name: 'axes', shape: [1], data: BigInt64Array.of(1n) },
    ],
  };
}

/** The three rows of `films` that have the largest product with `taste`, less what `seen` takes off. */
const nearest: Graph = {
  name: 'nearest',
  inputs: [float('taste', [1, 'D']), float('films', ['M', 'D']), float('seen', ['M'])],
  outputs: [float('scores', [1, 3]), { name: 'indices', type: 'int64', shape: [1, 3] }],
  operators: [
    { type: 'Gemm', inputs: ['taste', 'films', 'seen'], outputs: ['products'], attributes: { transB: 1 } },
    { type: 'TopK', inputs: ['products', 'k'], outputs: ['scores', 'indices'] },
  ],
  initializers: [{ name: 'k', shape: [1], data: BigInt64Array.of(3n) }],
};

const random = seededRandom(1);
write('fraud/fraud.onnx', buildModel(classifier('fraud', () => purchase(random), 2)));
write('recommendations/nearest.onnx', buildModel(nearest));
write('sensors/distance.onnx', buildModel(distanceGraph(random)));
const digit = () => {
  const label = Math.floor(random() * 10);
  return { row: Array.from(drawDigit(label, 16, random), (grey) => grey / 255), label };
};
write('images/digits.onnx', buildModel(classifier('digits', digit, 10)));
mkdirSync(new URL('images/digits/', import.meta.url), { recursive: true });
for (const [label, size] of [
  [3, 32],
  [7, 48],
  [8, 64],
] as const) {
  const pixels = drawDigit(label, size, random);
  write(`images/digits/${label}.pgm`, writePgm({ width: size, height: size, pixels }));
}
