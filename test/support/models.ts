import { buildModel } from '../../scripts/onnx-builder.ts';

/**
 * A model that takes as long as its input says: inputs `x` FLOAT [N] and `rounds` INT64 [1], output `y` = `x` with its sign changed that
 * often. About 1 us a round.
 */
export function countedLoop(): Uint8Array {
  return buildModel({
    name: 'counted_loop',
    inputs: [
      { name: 'x', type: 'float', shape: ['N'] },
      { name: 'rounds', type: 'int64', shape: [1] },
    ],
    outputs: [{ name: 'y', type: 'float', shape: ['N'] }],
    initializers: [{ name: 'go', shape: [], data: true }],
    operators: [
      {
        type: 'Loop',
        inputs: ['rounds', 'go', 'x'],
        outputs: ['y'],
        attributes: {
          body: {
            name: 'body',
            inputs: [
              { name: 'round', type: 'int64', shape: [] },
              { name: 'go_in', type: 'bool', shape: [] },
              { name: 'value_in', type: 'float', shape: ['N'] },
            ],
            outputs: [
              { name: 'go_out', type: 'bool', shape: [] },
              { name: 'value_out', type: 'float', shape: ['N'] },
            ],
            operators: [
              { type: 'Identity', inputs: ['go_in'], outputs: ['go_out'] },
              { type: 'Neg', inputs: ['value_in'], outputs: ['value_out'] },
            ],
          },
        },
      },
    ],
  });
}
