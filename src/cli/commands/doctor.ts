import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { whole } from '../arguments.ts';
import { type CheckResult, checkAll, type Verdict } from '../doctor/checks.ts';
import { EXIT_CODES } from '../failure.ts';
import { type OutputFlags, print } from '../terminal/output.ts';
import { type Style, styled } from '../terminal/text.ts';

interface DoctorFlags extends OutputFlags {
  readonly config: string;
  readonly host: string;
  readonly port: number;
}

const MARKS: Readonly<Record<Verdict, readonly [string, Style]>> = {
  ok: ['ok  ', 'green'],
  warn: ['warn', 'yellow'],
  fail: ['FAIL', 'red'],
};

export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description('checks whether this machine has what a node needs, and tells what to do')
    .option('--config <file>', 'the cluster file, whose ports are looked at', 'cluster.config.json')
    .option('--host <address>', 'where "serve" would listen', '127.0.0.1')
    .option('--port <n>', 'the same', whole(1, 65_535), 6379)
    .option('--json', 'print JSON', false)
    .addHelpText(
      'after',
      `
The exit code is 1 where something fails. A warning is no hindrance to serving
models on the CPU.

Examples:
  $ tessera doctor
`,
    )
    .action(async (flags: DoctorFlags) => {
      const { host, port } = flags;
      const config = existsSync(flags.config) ? flags.config : undefined;
      const results = await checkAll({ config, host, port });
      print(flags, results, () => resultLines(results));
      if (results.some(({ verdict }) => verdict === 'fail')) process.exitCode = EXIT_CODES.failed;
    });
}

function resultLines(results: readonly CheckResult[]): string[] {
  const width = Math.max(...results.map(({ check }) => check.length));
  return results.flatMap(({ check, verdict, found, advice }) => {
    const [mark, style] = MARKS[verdict];
    const line = `${styled(style, mark)}  ${check.padEnd(width)}  ${found}`;
    return advice === null ? [line] : [line, `${' '.repeat(width + 8)}${styled('dim', `-> ${advice}`)}`];
  });
}
