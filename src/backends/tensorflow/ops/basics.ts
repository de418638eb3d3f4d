import { isFloat } from '../../onnx-graph/data-types.ts';
import { alike, defineOps, type OpDefinition } from '../op-registry.ts';

const same: OpDefinition = { lower: (op) => op.input(0) };

export const basics = defineOps('Constants and identities', {
  Const: {
    lower: (op) => op.builder.constant(op.attributes.tensor('value') ?? op.fail('it has no value')),
  },
  PlaceholderWithDefault: same,
  ...alike(
    ['Identity', 'StopGradient', 'PreventGradient', 'Snapshot', 'DebugIdentity', 'CopyHost', 'Copy'],
    same,
  ),
  IdentityN: { lower: (op) => op.inputs },
  EnsureShape: {
    limits: 'the shape is taken on trust',
    lower: (op) => op.input(0),
  },
  Print: { limits: 'prints nothing', lower: (op) => op.input(0) },
  ...alike(['Assert', 'PrintV2'], { limits: 'does nothing', lower: () => [] }),
  ...alike(['CheckNumerics', 'CheckNumericsV2'], {
    dtypes: ['float', 'double', 'float16'],
    limits: 'lets NaN and infinity pass',
    lower: (op) => op.input(0),
  }),
  NoOp: { lower: () => [] },
  ZerosLike: {
    lower(op) {
      const x = op.input(0);
      if (x.dtype === 'string') op.fail('strings have no zero');
      return op.emit('Expand', [op.scalar(x.dtype, 0), op.shapeOf(x)]);
    },
  },
  OnesLike: {
    lower: (op) => op.emit('Expand', [op.scalar(op.input(0).dtype, 1), op.shapeOf(op.input(0))]),
  },
  Cast: {
    typeAttribute: 'SrcT',
    limits: 'bfloat16 is computed as float',
    lower(op) {
      const [x, to] = [op.input(0), op.dtype('DstT')];
      // A float that does not fit is cut to the integer's lowest bits by way of the widest one, as the processors do that TensorFlow runs on.
      const narrow = isFloat(x.dtype) && ['int8', 'uint8', 'int16', 'uint16'].includes(to);
      return op.cast(narrow ? op.cast(x, 'int32') : x, to);
    },
  },
});
