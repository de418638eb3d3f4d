// Makes dist/, or the folder of the first argument: what an installed package runs: Node.js strips no types under node_modules. It is the sources as Node.js strips them here, so
// lines and columns are the same.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import path from 'node:path';

const ROOT = path.join(import.meta.dirname, '..');
const DIST = path.resolve(process.argv[2] ?? path.join(ROOT, 'dist'));
const FOLDERS = ['src', 'cluster'];
/** Every text that names a module of ours: in imports, and where a thread or a process is started. */
const MODULE_NAME = /(['"])((?:\.{1,2}\/[\w./-]+|main)\.ts)\1/g;
rmSync(DIST, { recursive: true, force: true });
let count = 0;
for (const folder of FOLDERS) {
  for (const entry of readdirSync(path.join(ROOT, folder), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || entry.name.endsWith('.d.ts')) continue;
    const source = path.join(entry.parentPath, entry.name);
    const target = path.join(DIST, path.relative(ROOT, source));
    mkdirSync(path.dirname(target), { recursive: true });
    if (entry.name.endsWith('.ts')) {
      writeFileSync(target.replace(/\.ts$/, '.js'), compiled(source));
      count++;
    } else cpSync(source, target);
  }
}
console.log(`${count} modules in ${path.relative(process.cwd(), DIST)}/`);

function compiled(source: string): string {
  const code = stripTypeScriptTypes(readFileSync(source, 'utf8'), { mode: 'strip' });
  return code.replace(MODULE_NAME, (_, quote: string, name: string) => {
    if (!existsSync(path.resolve(path.dirname(source), name))) {
      throw new Error(`${path.relative(ROOT, source)} names ${name}, which is not there`);
    }
    return `${quote}${name.replace(/\.ts$/, '.js')}${quote}`;
  });
}
