import { SourceError } from './lexer.ts';
import type { Expression, Index } from './syntax.ts';
import { TokenStream } from './token-stream.ts';

const COMPARISONS = ['<', '>', '<=', '>=', '==', '!=', 'in', 'is', 'not'] as const;
/** Binary operators, loosest first. */
const BINARY = [['|'], ['^'], ['&'], ['<<', '>>'], ['+', '-'], ['*', '/', '//', '%', '@']] as const;

/** One expression, no tuple without parentheses. */
export function parseExpression(tokens: TokenStream): Expression {
  return tokens.nested(() => {
    const { line } = tokens;
    const value = parseOr(tokens);
    if (!tokens.accepts('if')) return value;
    const condition = parseOr(tokens);
    tokens.expect('else');
    return { kind: 'conditional', condition, body: value, otherwise: parseExpression(tokens), line };
  });
}

/** An expression, or several as a tuple: what stands right of an assignment. */
export function parseExpressions(tokens: TokenStream): Expression {
  const { line } = tokens;
  const first = parseItem(tokens);
  if (!tokens.sees(',')) return first;
  const items = [first];
  while (tokens.accepts(',')) {
    if (tokens.next.kind === 'newline' || tokens.sees('=', ')', ']', 'in')) break;
    items.push(parseItem(tokens));
  }
  return { kind: 'tuple', items, line };
}

/** An expression among others, which may stand for several: `*x`. */
function parseItem(tokens: TokenStream): Expression {
  const { line } = tokens;
  return tokens.accepts('*') ? { kind: 'starred', of: parseOr(tokens), line } : parseExpression(tokens);
}

/** What a for or an assignment writes to: `in` ends it. */
export function parseTargets(tokens: TokenStream): Expression {
  const { line } = tokens;
  const first = parsePostfix(tokens);
  if (!tokens.sees(',')) return first;
  const items = [first];
  while (tokens.accepts(',') && !tokens.sees('in')) items.push(parsePostfix(tokens));
  return { kind: 'tuple', items, line };
}

/** Unlike Python's, TorchScript's `and` binds no tighter than its `or`: `a or b and c` is `(a or b) and c`. */
function parseOr(tokens: TokenStream): Expression {
  const { line } = tokens;
  let left = parseNot(tokens);
  while (tokens.sees('or', 'and')) {
    const kind = tokens.take().text as 'or' | 'and';
    left = { kind, left, right: parseNot(tokens), line };
  }
  return left;
}

function parseNot(tokens: TokenStream): Expression {
  const { line } = tokens;
  if (!tokens.accepts('not')) return parseComparison(tokens);
  return { kind: 'not', operand: tokens.nested(() => parseNot(tokens)), line };
}

function parseComparison(tokens: TokenStream): Expression {
  const { line } = tokens;
  const first = parseBinary(tokens, 0);
  const rest: { operator: string; operand: Expression }[] = [];
  while (tokens.sees(...COMPARISONS)) {
    let operator = tokens.take().text;
    if (operator === 'not') tokens.expect('in');
    if (operator === 'not') operator = 'not in';
    if (operator === 'is' && tokens.accepts('not')) operator = 'is not';
    rest.push({ operator, operand: parseBinary(tokens, 0) });
  }
  return rest.length === 0 ? first : { kind: 'compare', first, rest, line };
}

function parseBinary(tokens: TokenStream, level: number): Expression {
  const operators = BINARY[level];
  if (operators === undefined) return parseUnary(tokens);
  const { line } = tokens;
  let left = parseBinary(tokens, level + 1);
  while (tokens.sees(...operators)) {
    const operator = tokens.take().text;
    left = { kind: 'binary', operator, left, right: parseBinary(tokens, level + 1), line };
  }
  return left;
}

function parseUnary(tokens: TokenStream): Expression {
  const { line } = tokens;
  // libtorch takes a `not` wherever a value can begin: x + not y.
  if (tokens.accepts('not')) {
    return { kind: 'not', operand: tokens.nested(() => parseNot(tokens)), line };
  }
  if (tokens.sees('-', '+', '~')) {
    const operator = tokens.take().text as '-' | '+' | '~';
    const operand = tokens.nested(() => parseUnary(tokens));
    if (operator === '-' && (operand.kind === 'int' || operand.kind === 'float')) {
      return { ...operand, value: -operand.value };
    }
    return { kind: 'unary', operator, operand, line };
  }
  const base = parsePostfix(tokens);
  if (!tokens.accepts('**')) return base;
  return { kind: 'binary', operator: '**', left: base, right: tokens.nested(() => parseUnary(tokens)), line };
}

function parsePostfix(tokens: TokenStream): Expression {
  let value = parseAtom(tokens);
  for (;;) {
    const { line } = tokens;
    if (tokens.accepts('.')) value = { kind: 'attribute', of: value, name: tokens.expectKind('name'), line };
    else if (tokens.accepts('(')) value = parseCall(tokens, value, line);
    else if (tokens.accepts('[')) {
      value = { kind: 'subscript', of: value, indices: listUntil(tokens, ']', parseIndex), line };
    } else return value;
  }
}

function parseCall(tokens: TokenStream, callee: Expression, line: number): Expression {
  const args: Expression[] = [];
  const named: (readonly [string, Expression])[] = [];
  listUntil(tokens, ')', () => {
    if (tokens.sees('**')) tokens.fail('named arguments cannot be unpacked');
    if (tokens.next.kind === 'name' && tokens.seesSecond('=')) {
      const { text } = tokens.take();
      tokens.expect('=');
      named.push([text, parseExpression(tokens)]);
    } else if (named.length > 0) tokens.fail('an argument without a name comes behind one with a name');
    else {
      const arg = parseItem(tokens);
      args.push(tokens.sees('for') ? parseComprehension(tokens, null, arg, line) : arg);
    }
  });
  return { kind: 'call', callee, args, named, line };
}

/** Reads items that commas separate, up to the closing bracket and with it. */
function listUntil<T>(tokens: TokenStream, closing: string, read: (tokens: TokenStream) => T): T[] {
  const items: T[] = [];
  while (!tokens.accepts(closing)) {
    items.push(read(tokens));
    if (!tokens.sees(closing)) tokens.expect(',');
  }
  return items;
}

function parseIndex(tokens: TokenStream): Index {
  if (tokens.accepts('...')) return { kind: 'ellipsis' };
  const bound = () => (tokens.sees(':', ',', ']') ? null : parseExpression(tokens));
  const start = bound();
  if (start !== null && !tokens.sees(':')) return start;
  tokens.expect(':');
  const end = bound();
  const step = tokens.accepts(':') ? bound() : null;
  return { kind: 'slice', start, end, step };
}

function parseComprehension(
  tokens: TokenStream,
  key: Expression | null,
  item: Expression,
  line: number,
): Expression {
  tokens.expect('for');
  const target = parseTargets(tokens);
  tokens.expect('in');
  let of = parseOr(tokens);
  // What is gone through is a comprehension itself then, as libtorch reads it.
  if (tokens.sees('for')) of = parseComprehension(tokens, null, of, line);
  const conditions: Expression[] = [];
  while (tokens.accepts('if')) conditions.push(parseOr(tokens));
  return { kind: 'comprehension', key, item, target, of, conditions, line };
}

function parseAtom(tokens: TokenStream): Expression {
  const { kind, text, line } = tokens.next;
  switch (kind) {
    case 'int':
      tokens.take();
      if (BigInt(text) > 2n ** 63n) throw new SourceError('an int has to fit in 64 bits', line);
      return { kind, value: Number(text), line };
    case 'float':
    case 'complex':
      tokens.take();
      return { kind, value: Number(text), line };
    case 'string':
    case 'formatted':
      return parseText(tokens, line);
    case 'name':
      return parseName(tokens, text, line);
    default:
      break;
  }
  if (tokens.accepts('(')) return tokens.nested(() => parseParenthesized(tokens, line));
  if (tokens.accepts('[')) return tokens.nested(() => parseList(tokens, line));
  if (tokens.accepts('{')) return tokens.nested(() => parseDict(tokens, line));
  return tokens.fail('expected an expression');
}

const RESERVED = new Set(['if', 'else', 'for', 'in', 'is', 'and', 'or', 'def', 'class', 'return', 'while']);
const UNSUPPORTED = new Set(['lambda', 'yield', 'await', 'async', 'try', 'global', 'nonlocal']);

function parseName(tokens: TokenStream, text: string, line: number): Expression {
  if (RESERVED.has(text)) tokens.fail('expected an expression');
  if (UNSUPPORTED.has(text)) throw new SourceError(`'${text}' is not part of TorchScript`, line);
  tokens.take();
  if (text === 'None') return { kind: 'none', line };
  if (text === 'True' || text === 'False') return { kind: 'bool', value: text === 'True', line };
  return { kind: 'name', name: text, line };
}

function parseParenthesized(tokens: TokenStream, line: number): Expression {
  if (tokens.accepts(')')) return { kind: 'tuple', items: [], line };
  const first = parseItem(tokens);
  if (tokens.sees('for')) {
    const generated = parseComprehension(tokens, null, first, line);
    tokens.expect(')');
    return generated;
  }
  if (tokens.accepts(')')) return first;
  tokens.expect(',');
  return { kind: 'tuple', items: [first, ...listUntil(tokens, ')', parseItem)], line };
}

function parseList(tokens: TokenStream, line: number): Expression {
  if (tokens.accepts(']')) return { kind: 'list', items: [], line };
  const first = parseItem(tokens);
  if (tokens.sees('for')) {
    const made = parseComprehension(tokens, null, first, line);
    tokens.expect(']');
    return made;
  }
  if (!tokens.sees(']')) tokens.expect(',');
  return { kind: 'list', items: [first, ...listUntil(tokens, ']', parseItem)], line };
}

function parseDict(tokens: TokenStream, line: number): Expression {
  const entry = (): readonly [Expression, Expression] => {
    const key = parseExpression(tokens);
    tokens.expect(':');
    return [key, parseExpression(tokens)];
  };
  if (tokens.accepts('}')) return { kind: 'dict', entries: [], line };
  const first = entry();
  if (tokens.sees('for')) {
    const made = parseComprehension(tokens, first[0], first[1], line);
    tokens.expect('}');
    return made;
  }
  if (!tokens.sees('}')) tokens.expect(',');
  return { kind: 'dict', entries: [first, ...listUntil(tokens, '}', entry)], line };
}

/** A string, or several side by side, which are one. */
function parseText(tokens: TokenStream, line: number): Expression {
  const parts: Expression[] = [];
  while (tokens.next.kind === 'string' || tokens.next.kind === 'formatted') {
    const { kind, text, line: at } = tokens.take();
    if (kind === 'string') parts.push({ kind, value: text, line: at });
    else parts.push(...formattedParts(text, at));
  }
  const [only] = parts;
  return parts.length === 1 && only?.kind === 'string' ? only : { kind: 'text', parts, line };
}

/** `a {b} c` of an f-string. */
function formattedParts(text: string, line: number): Expression[] {
  const parts: Expression[] = [];
  for (const [, literal, inner, other] of text.matchAll(/((?:[^{}]|\{\{|\}\})+)|\{([^{}]*)\}|(.)/gs)) {
    if (literal !== undefined) {
      parts.push({ kind: 'string', value: literal.replaceAll('{{', '{').replaceAll('}}', '}'), line });
    } else if (other !== undefined) throw new SourceError(`an f-string has a single '${other}'`, line);
    else {
      const tokens = new TokenStream(inner ?? '', line);
      parts.push(parseExpression(tokens));
      if (tokens.next.kind !== 'newline') tokens.fail('an f-string has conversions or format specs');
    }
  }
  return parts;
}
