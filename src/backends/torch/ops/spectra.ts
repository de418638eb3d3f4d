import type { Value } from '../../onnx-graph/value.ts';
import { defineOps } from '../op-registry.ts';
import type { OpCall } from '../tracing/op-call.ts';

/** Cosines, then sines, of each frequency: [size, 2 * frequencies]. */
function waves(op: OpCall, dtype: Value['dtype'], size: number, frequencies: number, scale: number): Value {
  const elements = Array.from({ length: 2 * frequencies * size }, (_, at) => {
    const [step, row] = [Math.floor(at / (2 * frequencies)), at % (2 * frequencies)];
    // Counted within the circle: large angles lose digits.
    const angle = (2 * Math.PI * (((row % frequencies) * step) % size)) / size;
    return scale * (row < frequencies ? Math.cos(angle) : -Math.sin(angle));
  });
  return op.tracer.fill(dtype, [size, 2 * frequencies], elements);
}

/** The window in the middle of a frame. */
function framed(op: OpCall, window: Value, size: number): Value {
  const missing = size - op.knownSize(window, 0);
  const before = Math.floor(missing / 2);
  return missing === 0 ? window : op.call('constant_pad_nd', window, [before, missing - before], 0);
}

export const spectra = defineOps('Spectra', {
  'stft(Tensor self, int n_fft, int? hop_length=None, int? win_length=None, Tensor? window=None, bool normalized=False, bool? onesided=None, bool? return_complex=None)':
    {
      limits: 'return_complex=False',
      lower: (op) => {
        if (op.given('return_complex') && op.bool('return_complex'))
          op.fail('complex tensors are not supported');
        const x = op.tensor('self');
        const size = op.int('n_fft');
        const isOneSided = op.given('onesided') ? op.bool('onesided') : true;
        const frequencies = isOneSided ? Math.floor(size / 2) + 1 : size;
        const all = waves(op, x.dtype, size, frequencies, op.bool('normalized') ? 1 / Math.sqrt(size) : 1);
        const length = op.given('win_length') ? op.int('win_length') : size;
        const given =
          op.optionalTensor('window') ?? op.tracer.fill(x.dtype, [length], new Array<number>(length).fill(1));
        const window = op.reshape(framed(op, given, size), [-1, 1]);
        const hop = op.given('hop_length') ? op.int('hop_length') : Math.floor(size / 4);
        const frames = op.call('unfold', x, -1, size, hop);
        const parts = op.emit('MatMul', [frames, op.emit('Mul', [all, window])]);
        const outer = Array.from({ length: op.rank(x) }, (_, d) => op.size(parts, d));
        // [..., frames, 2, frequencies]
        const split = op.emit('Reshape', [parts, op.vectorOf([...outer, 2, frequencies])]);
        const last = op.rank(split) - 1;
        const lead = Array.from({ length: last - 2 }, (_, d) => d);
        return op.emit('Transpose', [split], { perm: [...lead, last, last - 2, last - 1] });
      },
    },
});
