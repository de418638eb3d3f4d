import { beforeEach, describe, expect, test } from 'vitest';
import { CommandTable } from '../../src/commands/table.ts';
import { useSharedNode } from '../support/shared-node.ts';
import type { TypedClient } from '../support/typed-client.ts';

const shared = useSharedNode();
let client: TypedClient;
beforeEach(async () => {
  client = await shared.connectTyped();
});

const commands = new CommandTable().all();

describe('the number of arguments', () => {
  const least = commands.map((command) => ({ ...command, least: Math.abs(command.arity) }));

  test.each(least.filter((command) => command.least > 1))(
    '$name takes no fewer than $arity',
    async (command) => {
      const { name, arityName, least } = command;
      const reply = `-ERR wrong number of arguments for '${arityName ?? name}' command`;
      // Of a container of subcommands an argument would be one.
      const most = command.subcommands === undefined ? least : 2;
      for (let count = 1; count < most; count++) {
        expect(await client.send(name.toUpperCase(), ...Array(count - 1).fill('x'))).toBe(reply);
      }
    },
  );

  test.each(least.filter((command) => command.arity > 0))(
    '$name takes no more than $arity',
    async (command) => {
      const { name, arityName, arity } = command;
      const code = name === 'exec' ? 'EXECABORT Transaction discarded because of:' : 'ERR';
      expect(await client.send(name, ...Array(arity).fill('x'))).toBe(
        `-${code} wrong number of arguments for '${arityName ?? name}' command`,
      );
      expect(await client.send('PING')).toBe('+PONG');
    },
  );
});

describe('an unknown command is refused with its arguments', () => {
  const text = (name: string, args: string) =>
    `-ERR unknown command '${name}', with args beginning with: ${args}`;
  const long = 'x'.repeat(200);
  test.each<[string[], string]>([
    [['NoSuch'], text('NoSuch', '')],
    [['nosuch', 'a', 'b c'], text('nosuch', "'a' 'b c' ")],
    [['nosuch', ''], text('nosuch', "'' ")],
    [[''], text('', '')],
    [[long, 'a'], text(long.slice(0, 128), "'a' ")],
    [['nosuch', long, 'a'], text('nosuch', `'${long.slice(0, 128)}' `)],
    [['nosuch', 'a\r\nb'], text('nosuch', "'a  b' ")],
    [['nosuch', ...Array(60).fill('abc')], text('nosuch', `${"'abc' ".repeat(21)}'ab' `)],
    [['constructor'], text('constructor', '')],
    [['__proto__'], text('__proto__', '')],
    [['config|get', 'x'], text('config|get', "'x' ")],
  ])('%j', async (args, reply) => {
    expect(await client.send(...args)).toBe(reply);
  });
});

test('names of commands are read in any case', async () => {
  expect(await client.send('pInG')).toBe('+PONG');
  expect(await client.send('ai.TensorSet', 't', 'float', 1)).toBe('+OK');
  expect(await client.send('Client', 'gEtNaMe')).toBe(null);
});

test.each(['CLIENT', 'CONFIG'])('an unknown subcommand of %s is named as it was written', async (command) => {
  expect(await client.send(command, 'NoSuch', 'x')).toBe(
    `-ERR unknown subcommand 'NoSuch'. Try ${command} HELP.`,
  );
});
