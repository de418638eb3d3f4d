type Operation = (...operands: readonly number[]) => number;

/** Of sympy.srepr, as far as sizes of inputs are made of: a dimension may be twice another, or one more. */
const OPERATIONS: Readonly<Record<string, Operation>> = {
  Add: (...terms) => terms.reduce((a, b) => a + b, 0),
  Mul: (...factors) => factors.reduce((a, b) => a * b, 1),
  FloorDiv: (a = Number.NaN, b = Number.NaN) => Math.floor(a / b),
};
/** An operation that begins, a number, a symbol with what is assumed of it, an end. */
const TOKEN = /\s*(?:(\w+)\(|,|(\))|(-?\d+)|'(\w+)'|\w+=\w+)/y;

/** `s0`, or as sympy writes it out: Symbol('s0', positive=True, integer=True). */
const SYMBOL = /^(?:([A-Za-z_]\w*)|Symbol\('(\w+)'(?:, \w+=\w+)*\))$/;

/** The symbol that an expression is; undefined for one that is computed. */
export function symbolOf(expression: string): string | undefined {
  const [, plain, written] = SYMBOL.exec(expression) ?? [];
  return plain ?? written;
}

/** What an expression comes to; undefined where it has other functions, or a symbol that is not known. */
export function evaluateSize(expression: string, symbols: ReadonlyMap<string, number>): number | undefined {
  const stack: { readonly name: string; readonly operands: (number | undefined)[] }[] = [
    { name: '', operands: [] },
  ];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < expression.length) {
    const [token, opens, closes, number, symbol] = TOKEN.exec(expression) ?? [];
    const top = stack.at(-1);
    if (token === undefined || top === undefined) return undefined;
    if (opens !== undefined) stack.push({ name: opens, operands: [] });
    else if (number !== undefined) top.operands.push(Number(number));
    else if (symbol !== undefined) top.operands.push(symbols.get(symbol));
    else if (closes !== undefined) {
      stack.pop();
      stack.at(-1)?.operands.push(applied(top.name, top.operands));
    }
  }
  const [result, ...others] = stack[0]?.operands ?? [];
  return stack.length === 1 && others.length === 0 ? result : undefined;
}

function applied(name: string, operands: readonly (number | undefined)[]): number | undefined {
  if (name === 'Symbol' || name === 'Integer') return operands[0];
  const operation = Object.hasOwn(OPERATIONS, name) ? OPERATIONS[name] : undefined;
  const known = operands.flatMap((operand) => operand ?? []);
  return known.length === operands.length ? operation?.(...known) : undefined;
}
