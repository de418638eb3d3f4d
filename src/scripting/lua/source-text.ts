import { latin1 } from '../../protocol/latin1.ts';
import { bytesOf } from './values.ts';

const ESCAPED = /[abfnrtv\\"'\n\r0-9]/;

/**
 * Lua 5.1 reads `\.` in a string as `.`, which patterns in older scripts rely on, and has no `\x`, `\u` and `\z`; Lua 5.3 refuses or
 * reads them otherwise. Takes such backslashes out; lines stay where they are.
 */
export function withoutNewEscapes(source: Uint8Array): Uint8Array {
  if (!source.includes(0x5c)) return source;
  const text = latin1(source);
  let result = '';
  let copied = 0;
  for (let at = 0; at < text.length; ) {
    const c = text[at];
    if (c === '-' && text[at + 1] === '-') at = endOfComment(text, at + 2);
    else if (c === '[') at = endOfLongBracket(text, at) ?? at + 1;
    else if (c === '"' || c === "'") {
      for (at++; at < text.length && text[at] !== c && text[at] !== '\n'; at++) {
        if (text[at] !== '\\') continue;
        const next = text[at + 1];
        if (next !== undefined && !ESCAPED.test(next)) {
          result += text.slice(copied, at);
          copied = at + 1;
        }
        at++;
      }
      at++;
    } else at++;
  }
  return bytesOf(result + text.slice(copied));
}

function endOfComment(text: string, at: number): number {
  const end = text[at] === '[' ? endOfLongBracket(text, at) : undefined;
  if (end !== undefined) return end;
  const line = text.indexOf('\n', at);
  return line < 0 ? text.length : line;
}

/** Behind the `]==]` that closes the `[==[` at this place; undefined where none begins. */
function endOfLongBracket(text: string, at: number): number | undefined {
  let level = 0;
  while (text[at + 1 + level] === '=') level++;
  if (text[at + 1 + level] !== '[') return undefined;
  const close = text.indexOf(`]${'='.repeat(level)}]`, at + 2 + level);
  return close < 0 ? text.length : close + 2 + level;
}

/** A syntax error of Lua 5.3 as 5.1 words it. */
export function rewordSyntaxError(message: string): string {
  return message
    .replace(/ near <(\w+)>$/, " near '<$1>'")
    .replace(/<(eof|name|string|number)> expected/, "'<$1>' expected")
    .replace("'<name>' expected or", '<name> expected or')
    .replace(/: syntax error near /, ": '=' expected near ")
    .replace(/: <break> at line \d+ not inside a loop/, ': no loop to break')
    .replace(/: unfinished long (string|comment) \(starting at line \d+\)/, ': unfinished long $1');
}
