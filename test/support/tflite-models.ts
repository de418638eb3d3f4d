import { buildTflite, type Tensor } from '../../scripts/tflite-builder.ts';

const float = (name: string): Tensor => ({ name, type: 'float', shape: [1, 2] });
const SUM = { type: 'add', inputs: ['x', 'x'], outputs: ['y'] } as const;

/** A model without outputs, which ends TFLite 2.9 with a segmentation fault. */
export function crashingModel(): Buffer {
  return buildTflite([{ tensors: [float('x'), float('y')], inputs: ['x'], outputs: [], operators: [SUM] }]);
}

/** A loop whose condition is always true. */
export function endlessModel(): Buffer {
  const tensors = [float('x'), float('y')];
  const loop = {
    type: 'while',
    inputs: ['x'],
    outputs: ['y'],
    // WhileOptions: the subgraphs of the condition and of the body.
    options: { type: 93, fields: { 0: { i32: 1 }, 1: { i32: 2 } } },
  } as const;
  const yes: Tensor = { name: 'yes', type: 'bool', shape: [1], data: Uint8Array.of(1) };
  return buildTflite([
    { tensors, inputs: ['x'], outputs: ['y'], operators: [loop] },
    { tensors: [float('x'), yes], inputs: ['x'], outputs: ['yes'], operators: [] },
    { tensors, inputs: ['x'], outputs: ['y'], operators: [SUM] },
  ]);
}
