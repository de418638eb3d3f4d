import { INTEGERS } from '../../onnx-graph/data-types.ts';
import type { Value } from '../../onnx-graph/value.ts';
import type { OpContext } from '../op-context.ts';
import { defineOps } from '../op-registry.ts';

function text(op: OpContext, value: string): Value {
  const strings = [Buffer.from(value, 'latin1')];
  return op.builder.constant({ dtype: 'string', shape: [], bytes: new Uint8Array(0), strings });
}

function together(op: OpContext, x: Value, y: Value): Value {
  return op.emit('StringConcat', [x, y], {}, { outputs: [{ dtype: 'string', shape: undefined }] });
}

function matches(op: OpContext, pattern: string): Value {
  const x = op.input(0);
  return op.emit('RegexFullMatch', [x], { pattern }, { outputs: [{ dtype: 'bool', shape: x.shape }] });
}

export const strings = defineOps('Strings', {
  StringJoin: {
    lower(op) {
      const separator = op.attributes.text('separator', '');
      return op.inputs.reduce((all, next) => {
        const before = separator === '' ? all : together(op, all, text(op, separator));
        return together(op, before, next);
      });
    },
  },
  StaticRegexFullMatch: { lower: (op) => matches(op, op.attributes.text('pattern', '')) },
  AsString: {
    dtypes: INTEGERS,
    limits: 'no width or fill',
    lower(op) {
      if (op.attributes.int('width', -1) > 0 || op.attributes.text('fill', '') !== '')
        op.fail('it has a width or a fill');
      return op.cast(op.input(0), 'string');
    },
  },
});
