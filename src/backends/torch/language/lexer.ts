export interface Token {
  readonly kind:
    | 'name'
    | 'int'
    | 'float'
    | 'string'
    | 'formatted'
    | 'complex'
    | 'typeComment'
    | 'symbol'
    | 'newline'
    | 'indent'
    | 'dedent'
    | 'end';
  /** Of a string: its value. */
  readonly text: string;
  readonly line: number;
}

export class SourceError extends Error {
  readonly line: number;

  constructor(reason: string, line: number) {
    super(reason);
    this.line = line;
  }
}

const TOKEN = new RegExp(
  [
    /(?<space>[ \t]+|\\\r?\n|#[^\n]*)/,
    /(?<complex>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?j)/,
    /(?<float>(?:\d+\.\d*|\.\d+)(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+)/,
    /(?<int>0[xX][\da-fA-F]+|\d+)/,
    /(?<quote>[fFrR]{0,2}(?:"""|'''|"|'))/,
    /(?<name>[\p{L}_][\p{L}\p{N}_]*)/u,
    /(?<symbol>\*\*=|\/\/=|<<=|>>=|->|\*\*|\/\/|<<|>>|<=|>=|==|!=|[-+*/%&|^@]=|\.\.\.|[-+*/%@&|^~<>()[\]{},:.=;])/,
  ]
    .map((part) => part.source)
    .join('|'),
  'uy',
);
const ESCAPES: Readonly<Record<string, string>> = {
  ...{ n: '\n', t: '\t', r: '\r', '0': '\0', a: '\x07', b: '\b', f: '\f', v: '\v', '\n': '' },
};
const TAB = 8;
const TYPE_COMMENT = /^#\s*type:\s*(?!ignore)/;

function isTypeComment(text: string): boolean {
  return TYPE_COMMENT.test(text);
}

/**
 * Cuts a source into tokens, with indentation as tokens of its own.
 * @param firstLine the number of the source's first line.
 * @throws SourceError
 */
export function tokenize(source: string, firstLine = 1): Token[] {
  const tokens: Token[] = [];
  const indents = [0];
  let line = firstLine;
  let depth = 0;
  let at = 0;
  let lineStart = true;
  const push = (kind: Token['kind'], text = '') => tokens.push({ kind, text, line });

  while (at < source.length) {
    if (lineStart && depth === 0) {
      const width = indentation();
      if (width === null) continue;
      if (width > (indents.at(-1) as number)) {
        indents.push(width);
        push('indent');
      }
      while (width < (indents.at(-1) as number)) {
        indents.pop();
        push('dedent');
      }
      if (width !== indents.at(-1)) throw new SourceError('an indentation matches none around it', line);
      lineStart = false;
    }
    if (source[at] === '\n' || source[at] === '\r') {
      if (source[at] === '\n') endLine();
      at++;
      continue;
    }
    TOKEN.lastIndex = at;
    const found = TOKEN.exec(source)?.groups;
    if (found === undefined) throw new SourceError(`unexpected character '${source[at]}'`, line);
    at = TOKEN.lastIndex;
    if (found.space?.startsWith('\\')) line++;
    else if (found.space !== undefined && isTypeComment(found.space)) {
      throw new SourceError('a type comment can only stand in the line below a def', line);
    } else if (found.quote !== undefined) readString(found.quote);
    else if (found.name !== undefined) push('name', found.name);
    else if (found.complex !== undefined) push('complex', found.complex.slice(0, -1));
    else if (found.float !== undefined) push('float', found.float);
    else if (found.int !== undefined) push('int', found.int);
    else if (found.symbol !== undefined) {
      if ('([{'.includes(found.symbol)) depth++;
      if (')]}'.includes(found.symbol)) depth--;
      push('symbol', found.symbol);
    }
  }
  if (tokens.length > 0 && tokens.at(-1)?.kind !== 'newline') push('newline');
  for (const _ of indents.slice(1)) push('dedent');
  push('end');
  return tokens;

  function endLine(): void {
    const last = tokens.at(-1)?.kind;
    if (depth === 0) {
      if (last !== undefined && last !== 'newline' && last !== 'dedent') push('newline');
      lineStart = true;
    }
    line++;
  }

  /** Null for a line with nothing on it, which is passed over. */
  function indentation(): number | null {
    let width = 0;
    for (; source[at] === ' ' || source[at] === '\t'; at++) {
      width = source[at] === ' ' ? width + 1 : width + TAB - (width % TAB);
    }
    if (source[at] === '#') {
      const start = at;
      while (at < source.length && source[at] !== '\n') at++;
      const comment = source.slice(start, at);
      if (isTypeComment(comment)) push('typeComment', comment.replace(TYPE_COMMENT, '').trim());
    }
    if (source[at] === '\r') at++;
    if (at >= source.length) return null;
    if (source[at] !== '\n') return width;
    at++;
    line++;
    return null;
  }

  function readString(opening: string): void {
    const prefix = opening.replace(/["']+$/, '').toLowerCase();
    const quote = opening.slice(prefix.length);
    const from = line;
    let text = '';
    for (;;) {
      if (at >= source.length || (quote.length === 1 && source[at] === '\n')) {
        throw new SourceError('a string has no end', from);
      }
      if (source.startsWith(quote, at)) break;
      if (source[at] === '\n') line++;
      if (source[at] === '\\' && !prefix.includes('r')) text += escapedCharacter();
      else text += source[at++];
    }
    at += quote.length;
    const last = tokens.at(-1);
    const kind = prefix.includes('f') ? 'formatted' : 'string';
    // Strings side by side are one.
    if (last?.kind === 'string' && kind === 'string')
      tokens[tokens.length - 1] = { ...last, text: last.text + text };
    else tokens.push({ kind, text, line: from });
  }

  function escapedCharacter(): string {
    const c = source[at + 1] ?? '';
    at += 2;
    const hex = { x: 2, u: 4, U: 8 }[c];
    if (hex !== undefined) {
      const code = Number.parseInt(source.slice(at, at + hex), 16);
      at += hex;
      return Number.isNaN(code) ? '' : String.fromCodePoint(code);
    }
    const octal = /^[0-7]{1,3}/.exec(source.slice(at - 1, at + 2))?.[0];
    if (octal !== undefined) {
      at += octal.length - 1;
      return String.fromCharCode(Number.parseInt(octal, 8));
    }
    return ESCAPES[c] ?? (c === '\\' || c === '"' || c === "'" ? c : `\\${c}`);
  }
}
