import { parseExpression, parseExpressions, parseTargets } from './expressions.ts';
import { SourceError } from './lexer.ts';
import type { Expression, FunctionDefinition, Parameter, Statement, WithItem } from './syntax.ts';
import { TokenStream } from './token-stream.ts';

const AUGMENTED = ['+=', '-=', '*=', '/=', '//=', '%=', '**=', '@=', '&=', '|=', '^=', '<<=', '>>='];

/**
 * Parses the subset of Python that TorchScript is: what torch.jit.save writes, and what a user writes for AI.SCRIPTSTORE.
 * @throws SourceError with the line.
 */
export function parseSource(source: string): Statement[] {
  const tokens = new TokenStream(source);
  const statements: Statement[] = [];
  // The whole of a source may be indented.
  tokens.acceptsKind('indent');
  while (tokens.next.kind !== 'end') {
    if (tokens.acceptsKind('dedent')) continue;
    if (!tokens.acceptsKind('newline')) statements.push(...parseStatement(tokens));
  }
  return statements;
}

/** @param onTypeComment gets what stands behind `# type:` before the first statement. */
function parseBlock(tokens: TokenStream, onTypeComment?: (text: string, line: number) => void): Statement[] {
  tokens.expect(':');
  if (!tokens.acceptsKind('newline')) return parseSimpleLine(tokens);
  if (onTypeComment !== undefined && tokens.next.kind === 'typeComment') {
    const { text, line } = tokens.take();
    onTypeComment(text, line);
  }
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
        const items = parseWithItems(tokens);
        return [{ kind: 'with', items, body: tokens.nested(() => parseBlock(tokens)), line }];
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
    return [{ kind: 'decorator', line }];
  }
  return parseSimpleLine(tokens);
}

function parseWithItems(tokens: TokenStream): WithItem[] {
  const items: WithItem[] = [];
  do {
    const value = parseExpression(tokens);
    items.push({ value, target: tokens.accepts('as') ? parseTargets(tokens) : null });
  } while (tokens.accepts(','));
  return items;
}

function parseIf(tokens: TokenStream, line: number): Statement {
  const branches: Pick<Extract<Statement, { kind: 'if' }>, 'condition' | 'body' | 'line'>[] = [];
  let at = line;
  do {
    branches.push({ condition: parseExpression(tokens), body: parseBlock(tokens), line: at });
    at = tokens.line;
  } while (tokens.accepts('elif'));
  let otherwise: Statement[] = tokens.accepts('else') ? parseBlock(tokens) : [];
  for (const branch of branches.reverse()) otherwise = [{ kind: 'if', ...branch, otherwise }];
  return otherwise[0] as Statement;
}

function parseFunction(tokens: TokenStream, line: number): FunctionDefinition {
  const name = tokens.expectKind('name');
  tokens.expect('(');
  const parameters: Parameter[] = [];
  let isNamedOnly = false;
  while (!tokens.accepts(')')) {
    // Behind a bare * all are given by name.
    if (tokens.accepts('*')) isNamedOnly = true;
    else parameters.push(parseParameter(tokens, isNamedOnly));
    if (!tokens.sees(')')) tokens.expect(',');
  }
  const returns = tokens.accepts('->') ? parseExpression(tokens) : null;
  let comment: TypeComment | null = null;
  const body = parseBlock(tokens, (text, at) => {
    comment = parseTypeComment(text, at, parameters.length, line);
  });
  // Assigned in a callback, which the compiler does not see.
  const types = comment as TypeComment | null;
  if (types === null) return { kind: 'function', name, parameters, returns, body, line };
  const typed = parameters.map((parameter, i) => ({
    ...parameter,
    type: types.parameters[i] ?? parameter.type,
  }));
  return { kind: 'function', name, parameters: typed, returns: types.returns, body, line };
}

function parseParameter(tokens: TokenStream, isNamedOnly: boolean): Parameter {
  const name = tokens.expectKind('name');
  const type = tokens.accepts(':') ? parseExpression(tokens) : null;
  const otherwise = tokens.accepts('=') ? parseExpression(tokens) : null;
  return { name, type, otherwise, isNamedOnly };
}

interface TypeComment {
  readonly parameters: readonly Expression[];
  readonly returns: Expression;
}

/** `(int, List[str]) -> Tensor` of a comment below a def that has so many parameters. */
function parseTypeComment(text: string, line: number, count: number, defLine: number): TypeComment {
  const tokens = new TokenStream(text, line);
  tokens.expect('(');
  const parameters: Expression[] = [];
  while (!tokens.accepts(')')) {
    parameters.push(parseExpression(tokens));
    if (!tokens.sees(')')) tokens.expect(',');
  }
  tokens.expect('->');
  if (parameters.length !== count) {
    throw new SourceError(
      `Number of type annotations (${parameters.length}) did not match the number of function parameters (${count})`,
      defLine,
    );
  }
  return { parameters, returns: parseExpression(tokens) };
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
    return { kind: 'import', line };
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
