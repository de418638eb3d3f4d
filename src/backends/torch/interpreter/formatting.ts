import { formatDouble } from '../../../protocol/float.ts';
import type { Engine } from './engine.ts';
import { shown } from './operators.ts';
import { isNumber, numberOf, ScriptError, type ScriptValue, Tuple } from './values.ts';

/** `'{} {}'.format(a, b)`: nothing else is a place for a value. */
export function formatted(engine: Engine, format: string, values: readonly ScriptValue[]): string {
  const pieces = format.split('{}');
  if (pieces.length - 1 > values.length) {
    throw new ScriptError(`Too few arguments for format string: ${format}`);
  }
  return pieces
    .map((piece, i) => (i === 0 ? piece : shown(engine, values[i - 1] as ScriptValue) + piece))
    .join('');
}

/** `'%d %s' % (a, b)` */
export function percentFormatted(engine: Engine, format: string, values: ScriptValue): string {
  const rest = values instanceof Tuple ? [...values.items] : [values];
  const text = format.replace(/%(.?)/gs, (_all, specifier: string) => {
    if (specifier === '%') return '%';
    const value = rest.shift();
    if (specifier === '') throw new ScriptError('Incomplete format specifier');
    if (value === undefined) throw new ScriptError('Too few arguments for format string');
    return specified(engine, specifier, value);
  });
  if (rest.length > 0) throw new ScriptError('Too many arguments for format string');
  return text;
}

function specified(engine: Engine, specifier: string, value: ScriptValue): string {
  switch (specifier) {
    case 'c':
      return typeof value === 'number' ? String.fromCharCode(value % 256) : shown(engine, value);
    case 's':
      return shown(engine, value);
    case 'd':
    case 'i':
    case 'e':
    case 'f':
      return numberText(specifier, Number(shownNumber(engine, specifier, value)));
    default:
      throw new ScriptError(`The specifier %${specifier} is not supported in TorchScript format strings`);
  }
}

function shownNumber(engine: Engine, specifier: string, value: ScriptValue): string {
  if (isNumber(value) && typeof value !== 'boolean') return String(numberOf(value));
  const text = shown(engine, value);
  if (typeof value === 'string' || typeof value === 'boolean' || Number.isNaN(Number(text))) {
    throw new ScriptError(`%${specifier} requires a number for formatting, but got ${text}`);
  }
  return text;
}

function numberText(specifier: 'd' | 'i' | 'e' | 'f', x: number): string {
  if (!Number.isFinite(x)) return formatDouble(x);
  if (specifier === 'd' || specifier === 'i') return String(Math.trunc(x));
  // libtorch prints a float of 32 bits.
  if (specifier === 'f') return Math.fround(x).toFixed(6);
  return Math.fround(x)
    .toExponential(6)
    .replace(/e([+-])(\d)$/, 'e$10$2');
}
