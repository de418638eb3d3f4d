import { parseArgs } from 'node:util';
import { useCompileCache } from './compile-cache.ts';
import { dataDirectory } from './data-directory.ts';

const { values, positionals } = parseArgs({
  strict: false,
  allowPositionals: true,
  options: { data: { type: 'string' } },
});
if (['start', 'node', 'serve'].includes(positionals[0] ?? '')) useCompileCache(dataDirectory(values.data));
// Not before: what is imported here is in no cache.
await import('./command-line.ts');
