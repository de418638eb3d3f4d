import { errors } from '../../../errors.ts';
import { parseSource } from '../language/parser.ts';
import type { Expression } from '../language/syntax.ts';

/** By the name of an input. */
type Shapes = ReadonlyMap<string, readonly number[]>;
type Known = number | boolean | undefined;

/** Of a guard, in characters: a deeper one would fill the stack. */
const MAX_LENGTH = 4096;

interface Guard {
  readonly code: string;
  readonly condition: Expression;
}

/**
 * What torch 2.9 and later asks of sizes besides ranges, as Python: `(L['x'].size()[0] // 2) <= 15`. Programs are wrong for sizes that do not
 * fulfil it. What is not understood is not asked.
 */
export class InputGuards {
  readonly #guards: readonly Guard[];

  constructor(codes: readonly string[]) {
    this.#guards = codes.flatMap(parsed);
  }

  /** @throws ServerError with the condition that does not hold. */
  check(shapes: Shapes): void {
    for (const { code, condition } of this.#guards) {
      if (knownValue(condition, shapes) === false) throw errors.torchInputGuard(code);
    }
  }
}

function parsed(code: string): Guard[] {
  if (code.length > MAX_LENGTH) return [];
  try {
    const [statement, ...others] = parseSource(`${code}\n`);
    const isOne = statement?.kind === 'expression' && others.length === 0;
    return isOne ? [{ code: code.replaceAll(/\s+/g, ' '), condition: statement.value }] : [];
  } catch {
    return [];
  }
}

const OPERATORS: Readonly<Record<string, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '**': (a, b) => a ** b,
  '/': (a, b) => a / b,
  '//': (a, b) => Math.floor(a / b),
  '%': (a, b) => a - b * Math.floor(a / b),
};
const COMPARISONS: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '<': (a, b) => a < b,
  '>': (a, b) => a > b,
  '<=': (a, b) => a <= b,
  '>=': (a, b) => a >= b,
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
};
const FUNCTIONS: Readonly<Record<string, (...args: readonly number[]) => number>> = {
  min: Math.min,
  max: Math.max,
  abs: (x = Number.NaN) => Math.abs(x),
};

function knownValue(expression: Expression, shapes: Shapes): Known {
  const of = (part: Expression) => knownValue(part, shapes);
  const number = (part: Expression) => {
    const value = of(part);
    return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
  };
  switch (expression.kind) {
    case 'int':
    case 'float':
    case 'bool':
      return expression.value;
    case 'not': {
      const value = of(expression.operand);
      return typeof value === 'boolean' ? !value : undefined;
    }
    case 'unary': {
      const value = number(expression.operand);
      return value === undefined || expression.operator === '~'
        ? undefined
        : expression.operator === '-'
          ? -value
          : value;
    }
    case 'and':
    case 'or': {
      const [left, right] = [of(expression.left), of(expression.right)];
      const decides = expression.kind === 'or';
      if (left === decides || right === decides) return decides;
      return left === !decides && right === !decides ? !decides : undefined;
    }
    case 'binary': {
      const [a, b] = [number(expression.left), number(expression.right)];
      return a === undefined || b === undefined ? undefined : OPERATORS[expression.operator]?.(a, b);
    }
    case 'compare': {
      const [only, ...others] = expression.rest;
      const [a, b] = [number(expression.first), only && number(only.operand)];
      if (only === undefined || others.length > 0 || a === undefined || b === undefined) return undefined;
      return COMPARISONS[only.operator]?.(a, b);
    }
    case 'call': {
      if (expression.callee.kind !== 'name') return undefined;
      const args = expression.args.flatMap((arg) => number(arg) ?? []);
      const compute = Object.hasOwn(FUNCTIONS, expression.callee.name)
        ? FUNCTIONS[expression.callee.name]
        : undefined;
      return args.length === expression.args.length ? compute?.(...args) : undefined;
    }
    case 'subscript':
      return sizeIn(expression, shapes);
    default:
      return undefined;
  }
}

/** L['x'].size()[0] */
function sizeIn(
  { of, indices }: Extract<Expression, { kind: 'subscript' }>,
  shapes: Shapes,
): number | undefined {
  const [axis] = indices;
  if (
    axis?.kind !== 'int' ||
    of.kind !== 'call' ||
    of.callee.kind !== 'attribute' ||
    of.callee.name !== 'size'
  ) {
    return undefined;
  }
  const path = pathOf(of.callee.of);
  return path === undefined ? undefined : shapes.get(path.join('_'))?.[axis.value];
}

/** What an input is called: L['pair'][0] is pair_0. */
function pathOf(expression: Expression): (string | number)[] | undefined {
  if (expression.kind === 'name') return expression.name === 'L' ? [] : undefined;
  if (expression.kind !== 'subscript') return undefined;
  const [key] = expression.indices;
  const outer = pathOf(expression.of);
  return outer !== undefined && (key?.kind === 'string' || key?.kind === 'int')
    ? [...outer, key.value]
    : undefined;
}
