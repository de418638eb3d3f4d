import { Command, CommanderError, type Option } from 'commander';
import { TESSERA_VERSION } from '../version.ts';
import { addBench } from './commands/bench.ts';
import { addCluster } from './commands/cluster.ts';
import { addDoctor } from './commands/doctor.ts';
import { addModel } from './commands/model.ts';
import { addRun } from './commands/run.ts';
import { addScript } from './commands/script.ts';
import { addServers } from './commands/servers.ts';
import { addTop } from './commands/top.ts';
import { EXIT_CODES, UsageError } from './failure.ts';
import { styled } from './terminal/text.ts';

const EXAMPLES = `
Examples:
  $ tessera serve                              # a node on 127.0.0.1:6379
  $ tessera model push model.onnx iris         # the file under the key iris
  $ tessera run iris '[[5.1, 3.5, 1.4, 0.2]]'
  $ tessera top                                # what goes on, live

Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted.
TESSERA_URL is the default of --url. NO_COLOR turns colours off.
`;

/** Without a terminal in between, as `| head` ends: nobody reads on, which is no failure. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT_CODES.done);
  throw error;
});
// What was changed on the terminal is put right by listeners of 'exit'.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => process.exit(EXIT_CODES.interrupted));
}

process.exitCode = await exitCode(process.argv.slice(2));

async function exitCode(args: readonly string[]): Promise<number> {
  const program = makeProgram();
  try {
    await program.parseAsync(args, { from: 'user' });
    return Number(process.exitCode ?? EXIT_CODES.done);
  } catch (error) {
    // Commander has printed help, a version or its own text already.
    if (error instanceof CommanderError)
      return error.exitCode === 0 ? EXIT_CODES.done : EXIT_CODES.wrongUsage;
    process.stderr.write(`tessera: ${(error as Error).message}\n`);
    return error instanceof UsageError ? EXIT_CODES.wrongUsage : EXIT_CODES.failed;
  }
}

function makeProgram(): Command {
  const program = new Command('tessera')
    .description('Serves machine-learning models from inside a Redis-compatible cluster.')
    .version(TESSERA_VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help for a command')
    .configureHelp({ styleTitle: (text) => styled('bold', text), subcommandTerm: termOf, optionDescription })
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'tessera: ')) })
    .showHelpAfterError('(--help tells more)')
    .addHelpText('after', EXAMPLES);
  addServers(program);
  addCluster(program);
  addModel(program);
  addScript(program);
  addRun(program);
  addBench(program);
  addTop(program);
  addDoctor(program);
  return program;
}

/** Without "[options]", which all have. */
function termOf(command: Command): string {
  const args = command.registeredArguments.map((argument) => {
    const text = `${argument.name()}${argument.variadic ? '...' : ''}`;
    return argument.required ? `<${text}>` : `[${text}]`;
  });
  const verbs = command.commands.map((each) => each.name()).filter((name) => name !== 'help');
  return [command.name(), ...args, verbs.join('|')].join(' ').trimEnd();
}

/** With what may be chosen, and the default, as short as can be. */
function optionDescription({ description, argChoices, defaultValue }: Option): string {
  const choices = argChoices === undefined ? '' : `: ${argChoices.join(', ')}`;
  const isShown = typeof defaultValue === 'string' || typeof defaultValue === 'number';
  return `${description}${choices}${isShown ? ` (${defaultValue})` : ''}`;
}
