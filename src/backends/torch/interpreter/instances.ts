import { type Expression, typeText } from '../language/syntax.ts';
import { ScriptDict, type ScriptValue, TensorValue, Tuple, typeName } from './values.ts';

/** Whether a value is of a type, or of one of several, as it is written. */
export function isInstance(value: ScriptValue, type: Expression): boolean {
  if (type.kind === 'tuple' || type.kind === 'list') return type.items.some((one) => isInstance(value, one));
  const name = typeText(type).replace(/\[.*$/, '');
  const [inner] = type.kind === 'subscript' ? type.indices : [];
  if (name === 'List' && inner !== undefined && 'line' in inner) {
    return Array.isArray(value) && value.every((item) => isInstance(item, inner));
  }
  switch (name) {
    case 'list':
      return Array.isArray(value);
    case 'tuple':
      return value instanceof Tuple;
    case 'dict':
      return value instanceof ScriptDict;
    case 'torch.Tensor':
      return value instanceof TensorValue;
    case 'Optional':
      return true;
    default:
      return typeName(value) === name;
  }
}
