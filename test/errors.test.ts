import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import packageJson from '../package.json' with { type: 'json' };
import { errors } from '../src/errors.ts';
import { TESSERA_VERSION } from '../src/version.ts';

const root = path.join(import.meta.dirname, '..');
const sources = globSync(['src/**/*.ts', 'cluster/**/*.ts'], { cwd: root })
  .map((file) => readFileSync(path.join(root, file), 'utf8'))
  .join('\n');
const page = readFileSync(path.join(root, 'docs/errors.md'), 'utf8');
const documented = new Map(
  [...page.matchAll(/^\| `(\w+)` \| `(.+)` \|$/gm)].map(([, name, text]) => [
    name,
    text?.replaceAll('\\|', '|'),
  ]),
);

describe('the registry of errors', () => {
  test.each(Object.keys(errors))('%s is used by the server', (name) => {
    expect(new RegExp(`\\berrors\\.${name}\\b`).test(sources)).toBe(true);
  });

  test('docs/errors.md has every entry, in order, and no other', () => {
    expect([...documented.keys()]).toEqual(Object.keys(errors));
  });

  test('the documented texts are those that are sent, with names where the values go', () => {
    expect(documented.get('syntax')).toBe('ERR syntax error');
    expect(documented.get('backend')).toBe('<text>');
    expect(documented.get('moved')).toBe('MOVED <slot> <host>:<port>');
    expect(documented.get('unknownCommand')).toBe(
      "ERR unknown command '<name>', with args beginning with: '<args>' ",
    );
    for (const [name, make] of Object.entries(errors)) {
      if (make.length > 0 || name === 'unknownCommand') continue;
      expect(documented.get(name)).toBe((make as () => Error)().message);
    }
  });
});

test('the version that the server tells is that of package.json', () => {
  expect(TESSERA_VERSION).toBe(packageJson.version);
});
