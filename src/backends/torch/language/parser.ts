import { parseExpression, parseExpressions, parseTargets } from './expressions.ts';
import type { Expression, FunctionDefinition, Parameter, Statement } from './syntax.ts';
import { TokenStream } from './token-stream.ts';

const AUGMENTED = ['+=', '-=', '*=', '/=', '//=', '%=', '**=', '@=', '&=', '|=', '^=', '<<=', '>>='];

/**
 * Parses the subset of Python that TorchScript is: what torch.jit.save writes, and what a user writes for AI.SCRIPTSTORE.
 * @throws SourceError with the line.
 */
export function parseSource(source: string): Statement[] {
  const tokens = new TokenStream(source);
  const statements: Statement[] = [];
  while (tokens.next.kind !== 'end') {
    if (!tokens.acceptsKind('newline')) statements.push(...parseStatement(tokens));
  }
  return statements;
}

function parseBlock(tokens: TokenStream): Statement[] {
  tokens.expect(':');
  if (!tokens.acceptsKind('newline')) return parseSimpleLine(tokens);
  tokens.expectKind('indent');
  const body: Statement[] = [];
  while (!tokens.acceptsKind('dedent')) {
    if (tokens.next.kind === 'end') break;
    if (!tokens.acceptsKind('newline')) body.push(...parseStatement(tokens));
  }
  return body;
}

function parseStatement(tokens: TokenStream): Statement[] {
  const { line, kind, text } = tokens.next;
  if (kind === 'name') {
    switch (text) {
      case 'if':
        tokens.take();
        return [tokens.nested(() => parseIf(tokens, line))];
      case 'while': {
        tokens.take();
        const condition = parseExpression(tokens);
        return [{ kind: 'while', condition, body: tokens.nested(() => parseBlock(tokens)), line }];
      }
      case 'for': {
        tokens.take();
        const target = parseTargets(tokens);
        tokens.expect('in');
        const of = parseExpressions(tokens);
        return [{ kind: 'for', target, of, body: tokens.nested(() => parseBlock(tokens)), line }];
      }
      case 'with': {
        tokens.take();
        while (!tokens.sees(':')) {
          if (tokens.next.kind === 'newline') tokens.fail("expected ':'");
          tokens.take();
        }
        return [{ kind: 'with', body: tokens.nested(() => parseBlock(tokens)), line }];
      }
      case 'def':
        tokens.take();
        return [tokens.nested(() => parseFunction(tokens, line))];
      case 'class':
        tokens.take();
        return [tokens.nested(() => parseClass(tokens, line))];
      default:
        break;
    }
  }
  if (tokens.accepts('@')) {
    parseExpression(tokens);
    tokens.expectKind('newline');
    return [];
  }
  return parseSimpleLine(tokens);
}

function parseIf(tokens: TokenStream, line: number): Statement {
  const condition = parseExpression(tokens);
  const body = parseBlock(tokens);
  const elseLine = tokens.line;
  let otherwise: Statement[] = [];
  if (tokens.accepts('elif')) otherwise = [tokens.nested(() => parseIf(tokens, elseLine))];
  else if (tokens.accepts('else')) otherwise = parseBlock(tokens);
  return { kind: 'if', condition, body, otherwise, line };
}

function parseFunction(tokens: TokenStream, line: number): FunctionDefinition {
  const name = tokens.expectKind('name');
  tokens.expect('(');
  const parameters: Parameter[] = [];
  while (!tokens.accepts(')')) {
    // A bare * only says that the rest is given by name.
    if (!tokens.accepts('*')) parameters.push(parseParameter(tokens));
    if (!tokens.sees(')')) tokens.expect(',');
  }
  const returns = tokens.accepts('->') ? parseExpression(tokens) : null;
  return { kind: 'function', name, parameters, returns, body: parseBlock(tokens), line };
}

function parseParameter(tokens: TokenStream): Parameter {
  const name = tokens.expectKind('name');
  const type = tokens.accepts(':') ? parseExpression(tokens) : null;
  const otherwise = tokens.accepts('=') ? parseExpression(tokens) : null;
  return { name, type, otherwise };
}

function parseClass(tokens: TokenStream, line: number): Statement {
  const name = tokens.expectKind('name');
  let base: string | null = null;
  if (tokens.accepts('(')) {
    while (!tokens.accepts(')')) {
      const { text } = tokens.take();
      if (tokens.next.kind === 'end') tokens.fail("expected ')'");
      base ??= text;
    }
  }
  return { kind: 'class', name, base, body: parseBlock(tokens), line };
}

function parseSimpleLine(tokens: TokenStream): Statement[] {
  const statements = [parseSimple(tokens)];
  while (tokens.accepts(';')) {
    if (tokens.next.kind !== 'newline') statements.push(parseSimple(tokens));
  }
  if (tokens.next.kind !== 'end') tokens.expectKind('newline');
  return statements;
}

function parseSimple(tokens: TokenStream): Statement {
  const { line } = tokens;
  const ends = () => tokens.next.kind === 'newline' || tokens.sees(';') || tokens.next.kind === 'end';
  if (tokens.sees('pass', 'break', 'continue')) {
    return { kind: tokens.take().text as 'pass' | 'break' | 'continue', line };
  }
  if (tokens.accepts('return'))
    return { kind: 'return', value: ends() ? null : parseExpressions(tokens), line };
  if (tokens.accepts('raise')) return { kind: 'raise', value: ends() ? null : parseExpression(tokens), line };
  if (tokens.accepts('assert')) {
    const condition = parseExpression(tokens);
    return { kind: 'assert', condition, message: tokens.accepts(',') ? parseExpression(tokens) : null, line };
  }
  if (tokens.accepts('del')) {
    const targets = parseExpressions(tokens);
    return { kind: 'delete', targets: targets.kind === 'tuple' ? targets.items : [targets], line };
  }
  // Python's own modules mean nothing here; the names that TorchScript knows are known without.
  if (tokens.sees('import', 'from')) {
    while (!ends()) tokens.take();
    return { kind: 'pass', line };
  }
  return parseAssignment(tokens, line);
}

function parseAssignment(tokens: TokenStream, line: number): Statement {
  const first = parseExpressions(tokens);
  if (tokens.accepts(':')) {
    const type = parseExpression(tokens);
    const value = tokens.accepts('=') ? parseExpressions(tokens) : null;
    return { kind: 'assign', targets: [first], type, value, line };
  }
  if (tokens.sees(...AUGMENTED)) {
    const operator = tokens.take().text.slice(0, -1);
    return { kind: 'augmented', operator, target: first, value: parseExpressions(tokens), line };
  }
  if (!tokens.sees('=')) return { kind: 'expression', value: first, line };
  const parts: Expression[] = [first];
  while (tokens.accepts('=')) parts.push(parseExpressions(tokens));
  return { kind: 'assign', targets: parts.slice(0, -1), type: null, value: parts.at(-1) as Expression, line };
}
