import { readFileSync } from 'node:fs';

let known: string | undefined;

/** The commit that the server's files are of, 40 hexadecimal digits; `unknown` where they do not come from a repository. */
export function sourceCommit(): string {
  known ??= read();
  return known;
}

function read(): string {
  const file = (name: string) => readFileSync(new URL(`../../.git/${name}`, import.meta.url), 'utf8').trim();
  try {
    const head = file('HEAD');
    return head.startsWith('ref: ') ? file(head.slice('ref: '.length)) : head;
  } catch {
    return 'unknown';
  }
}
