import { model, tfliteModel } from '../support/node.ts';
import { attr, constant, graphDef, placeholder } from '../support/tensorflow-graphs.ts';
import { archive } from '../support/torch-archives.ts';
import { backendContract } from './contract.ts';

const NO_NODES: readonly string[] = [];

backendContract({
  backend: 'ONNX',
  device: 'CPU',
  product: { bytes: model('mul'), nodes: NO_NODES },
  dropsRows: { bytes: model('sum_rows'), nodes: NO_NODES },
  garbage: 'Failed to load model because protobuf parsing failed.',
});

backendContract({
  backend: 'TFLITE',
  device: 'CPU',
  product: { bytes: tfliteModel('mul'), nodes: NO_NODES },
  dropsRows: { bytes: tfliteModel('fixed'), nodes: NO_NODES },
  garbage: 'Failed to load model from buffer',
});

const T = attr.type('float');
const nodes = (inputs: readonly string[], output: string) => [
  ...['INPUTS', inputs.length, ...inputs],
  ...['OUTPUTS', 1, output],
];
const product = graphDef(placeholder('a', 'float', [-1, 2]), placeholder('b', 'float', [-1, 2]), {
  name: 'c',
  op: 'Mul',
  input: ['a', 'b'],
  attr: { T },
});
const dropsRows = graphDef(placeholder('x', 'float', [-1, 2]), constant('axis', 'int32', [1], [0]), {
  name: 'y',
  op: 'Sum',
  input: ['x', 'axis'],
  attr: { T, Tidx: attr.type('int32'), keep_dims: attr.bool(true) },
});
const graphs = {
  backend: 'TF',
  device: 'CPU',
  product: { bytes: product, nodes: nodes(['a', 'b'], 'c') },
  dropsRows: { bytes: dropsRows, nodes: nodes(['x'], 'y') },
  garbage: 'Invalid GraphDef',
} as const;

backendContract(graphs);
backendContract({ ...graphs, module: '@tensorflow/tfjs' });

const forward = (parameters: string, result: string) =>
  archive(`def forward(self, ${parameters}) -> Tensor:\n  return ${result}`);

backendContract({
  backend: 'TORCH',
  device: 'CPU',
  product: { bytes: forward('a: Tensor, b: Tensor', 'torch.mul(a, b)'), nodes: NO_NODES },
  dropsRows: { bytes: forward('x: Tensor', 'torch.sum(x, [0], True)'), nodes: NO_NODES },
  garbage:
    'ERR TORCH archive cannot be read: End of central directory record signature not found. Either not a zip file, or file is truncated.',
  promotes: true,
});
