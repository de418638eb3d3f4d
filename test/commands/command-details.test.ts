import { describe, expect, test } from 'vitest';
import { categoriesOf } from '../../src/commands/acl-categories.ts';
import { CommandTable } from '../../src/commands/table.ts';
import { onRedis } from '../support/engine.ts';
import { useSharedNode } from '../support/shared-node.ts';
import type { Typed } from '../support/typed-client.ts';

const shared = useSharedNode();

describe('COMMAND', () => {
  test.skipIf(onRedis('it has them in another order'))(
    'INFO describes a container with its subcommands, ten elements each',
    async () => {
      const client = await shared.connectTyped();
      const [config] = (await client.send('COMMAND', 'INFO', 'CONFIG')) as Typed[][];
      expect(config?.slice(0, 9)).toEqual(['$config', ':-2', [], ':0', ':0', ':0', ['+@slow'], [], []]);
      const subcommands = config?.[9] as Typed[][];
      expect(subcommands.map((sub) => [sub[0], sub[1], sub.length])).toEqual([
        ['$config|get', ':-3', 10],
        ['$config|resetstat', ':2', 10],
        ['$config|rewrite', ':2', 10],
        ['$config|set', ':-4', 10],
        ['$config|help', ':2', 10],
      ]);
      expect(subcommands[0]?.slice(2, 7)).toEqual([
        ...[['+admin', '+noscript', '+loading', '+stale'], ':0', ':0', ':0'],
        ['+@admin', '+@slow', '+@dangerous'],
      ]);
    },
  );

  test('INFO takes the name of a subcommand, null stands for what is unknown', async () => {
    const client = await shared.connectTyped();
    const found = (await client.send('COMMAND', 'INFO', 'Client|ID', 'nope', 'get')) as Typed[];
    expect(found.map((entry) => (Array.isArray(entry) ? entry[0] : entry))).toEqual([
      ...['$client|id', null, '$get'],
    ]);
  });

  test('INFO says in RESP3 what is a set and what a map', async () => {
    const client = await shared.connectTyped();
    await client.send('HELLO', 3);
    expect(await client.send('COMMAND', 'INFO', 'spublish')).toEqual([
      [
        ...['$spublish', ':3', { set: ['+pubsub', '+loading', '+stale', '+fast'] }, ':1', ':1', ':1'],
        ...[{ set: ['+@pubsub', '+@fast'] }, { set: [] }],
        {
          set: [
            {
              map: [
                ['$flags', { set: ['+not_key'] }],
                [
                  '$begin_search',
                  {
                    map: [
                      ['$type', '$index'],
                      ['$spec', { map: [['$index', ':1']] }],
                    ],
                  },
                ],
                [
                  '$find_keys',
                  {
                    map: [
                      ['$type', '$range'],
                      [
                        '$spec',
                        {
                          map: [
                            ['$lastkey', ':0'],
                            ['$keystep', ':1'],
                            ['$limit', ':0'],
                          ],
                        },
                      ],
                    ],
                  },
                ],
              ],
            },
          ],
        },
        { set: [] },
      ],
    ]);
  });

  test.skipIf(onRedis('it has them in another order'))(
    'LIST filters by module, category and pattern',
    async () => {
      const client = await shared.connectTyped();
      const list = async (...args: string[]) => (await client.send('COMMAND', 'LIST', ...args)) as string[];
      expect(await list()).toEqual(expect.arrayContaining(['$config', '$config|get', '$ai.tensorset']));
      expect(await list('FILTERBY', 'MODULE', 'ai')).toContain('$ai.tensorset');
      expect(await list('FILTERBY', 'MODULE', 'nope')).toEqual([]);
      expect(await list('FILTERBY', 'ACLCAT', 'transaction')).toEqual([
        ...['$discard', '$exec', '$multi', '$unwatch', '$watch'],
      ]);
      expect(await list('FILTERBY', 'PATTERN', 'MEMORY|*s')).toEqual([
        ...['$memory|malloc-stats', '$memory|stats'],
      ]);
      expect(await list('FILTERBY', 'PATTERN')).toBe('-ERR syntax error');
    },
  );

  test.skipIf(onRedis('it has more fields'))('DOCS nests subcommands', async () => {
    const client = await shared.connectTyped();
    await client.send('HELLO', 3);
    const docs = (await client.send('COMMAND', 'DOCS', 'slowlog', 'ai.tensorget', 'nope')) as {
      map: [Typed, { map: [Typed, Typed][] }][];
    };
    const [slowlog, tensorget] = docs.map;
    expect(docs.map).toHaveLength(2);
    expect(slowlog?.[1].map.map(([name]) => name)).toEqual(['$summary', '$since', '$group', '$subcommands']);
    expect(slowlog?.[1].map[1]).toEqual(['$since', '$2.2.12']);
    expect(tensorget?.[1].map.slice(2)).toEqual([
      ['$group', '$module'],
      ['$module', '$ai'],
    ]);
  });

  test.each([
    [['GETKEYS', 'MEMORY', 'USAGE', 'k'], ['$k']],
    [['GETKEYS', 'ssubscribe', 'c'], '-ERR The command has no key arguments'],
    [['GETKEYS', 'nope', 'k'], '-ERR Invalid command specified'],
    [['GETKEYS', 'get', 'a', 'b'], '-ERR Invalid number of arguments specified for command'],
    [
      ['GETKEYS', 'AI.MODELEXECUTE', 'm', 'INPUTS', '1', 'a', 'OUTPUTS', '1', 'b'],
      ['$m', '$a', '$b'],
    ],
    [
      ['GETKEYSANDFLAGS', 'MGET', 'a', 'b'],
      [
        ['$a', ['+RO', '+access']],
        ['$b', ['+RO', '+access']],
      ],
    ],
    [['GETKEYSANDFLAGS', 'GET'], "-ERR wrong number of arguments for 'command|getkeysandflags' command"],
    [['COUNT', 'x'], "-ERR wrong number of arguments for 'command|count' command"],
    [['nope'], "-ERR unknown subcommand 'nope'. Try COMMAND HELP."],
  ] as [string[], Typed][])('%j', async (args, reply) => {
    const client = await shared.connectTyped();
    expect(await client.send('COMMAND', ...args)).toEqual(reply);
  });
});

describe('the table of commands', () => {
  const all = new CommandTable().all().flatMap((c) => [c, ...(c.subcommands ?? [])]);

  test('names are in lower case and there once; a subcommand has its container before it', () => {
    const names = all.map((c) => c.name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => name !== name.toLowerCase())).toEqual([]);
    for (const c of all) {
      for (const sub of c.subcommands ?? []) expect(sub.name.startsWith(`${c.name}|`)).toBe(true);
    }
  });

  test('every command is fast or slow, those of RedisAI are in a category of their own', () => {
    for (const c of all) {
      const categories: string[] = categoriesOf(c);
      expect([c.name, categories.includes('fast') !== categories.includes('slow')]).toEqual([c.name, true]);
    }
    const ai = all.filter((c) => categoriesOf(c).includes('ai')).map((c) => c.name);
    // A container runs nothing itself, its subcommands are in the category.
    const running = all.filter((c) => c.group === 'ai' && c.subcommands === undefined);
    expect(ai).toEqual(running.map((c) => c.name));
  });

  test
    .skipIf(onRedis('it has other subcommands'))
    .each(all.filter((c) => c.subcommands !== undefined).map((c) => c.name))(
    'HELP of %s lists its subcommands',
    async (name) => {
      const client = await shared.connectTyped();
      const lines = (await client.send(name, 'HELP')) as string[];
      expect(lines[0]).toBe(
        `+${name.toUpperCase()} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`,
      );
      for (const sub of all.find((c) => c.name === name)?.subcommands ?? []) {
        const shown = sub.name.slice(name.length + 1).toUpperCase();
        expect(lines.some((line) => line === `+${shown}` || line.startsWith(`+${shown} `))).toBe(true);
      }
    },
  );
});
