// Makes dist/, or the folder of the first argument: the package as npm installs it. Node.js strips no types under node_modules, so it has the sources as Node.js strips them here, with the
// same lines and columns, each beside where its .ts would be, and the declarations of tessera/client.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire, stripTypeScriptTypes } from 'node:module';
import path from 'node:path';

const ROOT = path.join(import.meta.dirname, '..');
const DIST = path.resolve(process.argv[2] ?? path.join(ROOT, 'dist'));
const FOLDERS = ['src', 'cluster'];
const AS_THEY_ARE = ['bin', 'cluster.config.json', 'README.md', 'CHANGELOG.md', 'LICENSE'];
/** Every text that names a module of ours: in imports, and where a thread or a process is started. */
const MODULE_NAME = /(['"])((?:\.{1,2}\/[\w./-]+|main)\.ts)\1/g;

// What was there before is removed.
if (!path.relative(DIST, ROOT).startsWith('..')) throw new Error(`${DIST} has the sources`);
rmSync(DIST, { recursive: true, force: true });
for (const name of AS_THEY_ARE) cpSync(path.join(ROOT, name), path.join(DIST, name), { recursive: true });
writeFileSync(path.join(DIST, 'package.json'), `${JSON.stringify(manifest(), null, 2)}\n`);
let count = 0;
for (const folder of FOLDERS) {
  for (const source of filesUnder(path.join(ROOT, folder))) {
    if (source.endsWith('.d.ts')) continue;
    const target = path.join(DIST, path.relative(ROOT, source));
    mkdirSync(path.dirname(target), { recursive: true });
    if (source.endsWith('.ts')) {
      const code = stripTypeScriptTypes(readFileSync(source, 'utf8'), { mode: 'strip' });
      writeFileSync(compiledName(target), withCompiledNames(code, source));
      count++;
    } else cpSync(source, target);
  }
}
declareClient();
console.log(`${count} modules in ${path.relative(process.cwd(), DIST)}/`);

/** package.json without what is for work on the sources. */
function manifest(): object {
  const { scripts, devDependencies, overrides, exports, ...rest } = JSON.parse(
    readFileSync(path.join(ROOT, 'package.json'), 'utf8'),
  );
  const client: string = exports['./client'];
  return {
    ...rest,
    exports: {
      ...exports,
      './client': { types: client.replace(/\.ts$/, '.d.ts'), default: compiledName(client) },
    },
  };
}

function declareClient(): void {
  const home = path.dirname(createRequire(import.meta.url).resolve('typescript/package.json'));
  const args = ['--project', path.join(ROOT, 'tsconfig.client.json'), '--outDir', DIST];
  execFileSync(process.execPath, [path.join(home, 'bin/tsc'), ...args], { stdio: 'inherit' });
  for (const file of filesUnder(DIST).filter((name) => name.endsWith('.d.ts'))) {
    const source = path.join(ROOT, path.relative(DIST, file));
    writeFileSync(file, withCompiledNames(readFileSync(file, 'utf8'), source));
  }
}

/** @throws Error where the code of a file of the sources names a module that is not there. */
function withCompiledNames(code: string, source: string): string {
  return code.replace(MODULE_NAME, (_, quote: string, name: string) => {
    if (!existsSync(path.resolve(path.dirname(source), name))) {
      throw new Error(`${path.relative(ROOT, source)} names ${name}, which is not there`);
    }
    return `${quote}${compiledName(name)}${quote}`;
  });
}

function compiledName(name: string): string {
  return name.replace(/\.ts$/, '.js');
}

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
}
