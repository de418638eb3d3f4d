import {
  Device,
  Float,
  isNumber,
  type Named,
  type ScriptValue,
  SymbolicNumber,
  TensorValue,
} from './interpreter/values.ts';

interface SchemaParameter {
  readonly name: string;
  /** As torch writes it: Tensor, int[], Scalar?. */
  readonly type: string;
  readonly isOptional: boolean;
  /** Undefined where it has to be given. */
  readonly otherwise: ScriptValue | undefined;
  readonly isNamedOnly: boolean;
}

export interface Schema {
  readonly text: string;
  /** With its namespace: aten::add. */
  readonly name: string;
  readonly parameters: readonly SchemaParameter[];
  readonly returnsList: boolean;
}

const FORM = /^([\w:]+)(?:\.\w+)?\(([^()]*)\)(?: -> (.*))?$/;

/** @throws Error when it is no schema: a mistake in ops/. */
export function parseSchema(text: string): Schema {
  const [, name, parameters, returns = 'Tensor'] = FORM.exec(text) ?? [];
  if (name === undefined || parameters === undefined) throw new Error(`'${text}' is no schema`);
  let isNamedOnly = false;
  const parsed: SchemaParameter[] = [];
  for (const part of splitParameters(parameters)) {
    if (part === '*') isNamedOnly = true;
    else parsed.push({ ...parseParameter(part), isNamedOnly });
  }
  const qualified = name.includes('::') ? name : `aten::${name}`;
  return { text, name: qualified, parameters: parsed, returnsList: returns.endsWith('[]') };
}

function splitParameters(text: string): string[] {
  return text === '' ? [] : text.split(/,\s*(?![^[]*\])/).map((part) => part.trim());
}

function parseParameter(text: string): Omit<SchemaParameter, 'isNamedOnly'> {
  const [, type, optional, name, otherwise] =
    /^([A-Za-z]+(?:\??\[\d*\])?)(\??) (\w+)(?:=(.*))?$/.exec(text) ?? [];
  if (type === undefined || name === undefined) throw new Error(`'${text}' is no parameter`);
  return {
    name,
    type: type.replace(/\[\d+\]/, '[]'),
    isOptional: optional === '?',
    otherwise: otherwise === undefined ? undefined : parseDefault(otherwise, type),
  };
}

function parseDefault(text: string, type: string): ScriptValue {
  if (text === 'None') return null;
  if (text === 'True' || text === 'False') return text === 'True';
  if (text.startsWith('[')) {
    return text
      .slice(1, -1)
      .split(',')
      .filter((item) => item.trim() !== '')
      .map(Number);
  }
  if (type === 'str') return text;
  const number = Number(text);
  return type.startsWith('float') || /[.e]/.test(text) ? new Float(number) : number;
}

/** The arguments by their parameters' names; undefined where they do not fit the schema. */
export function bindArguments(
  { parameters }: Schema,
  args: readonly ScriptValue[],
  named: Named,
): Map<string, ScriptValue> | undefined {
  const positional = parameters.filter(({ isNamedOnly }) => !isNamedOnly);
  const given = spread(positional, args);
  if (given.length > positional.length) return undefined;
  const bound = new Map<string, ScriptValue>();
  let used = 0;
  for (const parameter of parameters) {
    const at = positional.indexOf(parameter);
    const byName = named.get(parameter.name);
    if (byName !== undefined) used++;
    const value = at >= 0 && at < given.length ? given[at] : byName;
    const final = value === undefined ? parameter.otherwise : value;
    if (final === undefined) return undefined;
    if (value !== undefined && !fits(final, parameter)) return undefined;
    bound.set(parameter.name, final);
  }
  return used === named.size ? bound : undefined;
}

/** view(2, 3) is view([2, 3]). */
function spread(
  positional: readonly SchemaParameter[],
  args: readonly ScriptValue[],
): readonly ScriptValue[] {
  const at = positional.findIndex(({ type }) => type === 'int[]');
  const isLast = at === positional.length - 1 || args.length > positional.length;
  if (at < 0 || !isLast || args.length < at + 1 || Array.isArray(args[at])) return args;
  const rest = args.slice(at);
  return rest.every((arg) => isInt(arg)) ? [...args.slice(0, at), [...rest]] : args;
}

function isInt(value: ScriptValue): boolean {
  return typeof value === 'number' || (value instanceof SymbolicNumber && value.type === 'int');
}

function fits(value: ScriptValue, { type, isOptional }: SchemaParameter): boolean {
  if (value === null) return isOptional || type === 'Any' || type.includes('?');
  switch (type) {
    case 'Tensor':
      return value instanceof TensorValue;
    case 'Tensor[]':
    case 'Tensor?[]':
      return Array.isArray(value) && value.every((item) => item === null || item instanceof TensorValue);
    case 'int':
      return isInt(value) || typeof value === 'boolean' || value instanceof TensorValue;
    case 'int[]':
      return (
        isInt(value) ||
        (Array.isArray(value) && value.every((item) => isInt(item) || item instanceof TensorValue))
      );
    case 'float':
    case 'Scalar':
      return isNumber(value) || value instanceof SymbolicNumber || value instanceof TensorValue;
    case 'float[]':
      return Array.isArray(value) && value.every((item) => isNumber(item) || item instanceof SymbolicNumber);
    case 'bool':
      return typeof value === 'boolean' || (value instanceof SymbolicNumber && value.type === 'bool');
    case 'str':
      return typeof value === 'string';
    case 'ScalarType':
      return typeof value === 'number';
    case 'Device':
      return value instanceof Device || typeof value === 'string';
    default:
      return true;
  }
}
