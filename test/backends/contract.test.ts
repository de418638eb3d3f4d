import { model, tfliteModel } from '../support/node.ts';
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
