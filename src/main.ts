import { enableCompileCache } from 'node:module';
import { parseArgs } from 'node:util';
import { useCompileCache } from './compile-cache.ts';
import { dataDirectory } from './data-directory.ts';

const SERVERS = new Set(['start', 'node', 'serve']);
const COPIERS = new Set(['backup', 'restore']);

// "help serve" is "serve --help", and "cluster up" is "start".
if (process.argv[2] === 'help' && process.argv.length > 3) {
  process.argv.splice(2, process.argv.length, ...process.argv.slice(3), '--help');
}
const [verb, second] = process.argv.slice(2);
if (verb === 'cluster' && second === 'up') process.argv.splice(2, 2, 'start');
const { values, positionals } = parseArgs({
  strict: false,
  allowPositionals: true,
  options: { data: { type: 'string' } },
});
// Not before: what is imported here is in no cache.
if (SERVERS.has(positionals[0] ?? '')) {
  useCompileCache(dataDirectory(values.data));
  await import('./command-line.ts');
} else if (COPIERS.has(verb ?? '')) await import('./backup/main.ts');
else {
  enableCompileCache();
  await import('./cli/main.ts');
}
