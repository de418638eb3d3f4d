import { describe, expect, test } from 'vitest';
import { aiCommands } from '../../src/commands/ai/index.ts';
import { startNodeBeforeRedis } from '../support/engine.ts';
import { noRedis } from '../support/redis-server.ts';
import { useSharedNode } from '../support/shared-node.ts';
import type { Typed } from '../support/typed-client.ts';

const NAMES = aiCommands.map(({ name }) => `$${name}`).sort();

/** The elements of an array, a set, or the entries of a map. */
function listed(reply: Typed): Typed[] {
  if (reply === null || typeof reply === 'string') return [];
  if (Array.isArray(reply)) return reply;
  if ('map' in reply) return reply.map.flat();
  return 'set' in reply ? reply.set : reply.push;
}

describe.skipIf(noRedis !== undefined).each([2, 3] as const)(
  'COMMAND of a node before a Redis, RESP%i',
  (protocol) => {
    const shared = useSharedNode(startNodeBeforeRedis);
    const connect = async () => {
      const client = await shared.connectTyped();
      if (protocol === 3) await client.send('HELLO', 3);
      return client;
    };

    test('has the commands of Redis and those of the AI module, each once, wherever it lists them', async () => {
      const client = await connect();
      const all = (await client.send('COMMAND')) as Typed[][];
      const names = all.map(([name]) => name as string);
      expect(names).toEqual(expect.arrayContaining(['$get', '$xreadgroup', '$pfadd', ...NAMES]));
      expect(new Set(names).size).toBe(names.length);
      for (const entry of all) expect(entry).toHaveLength(10);
      expect(await client.send('COMMAND', 'COUNT')).toBe(`:${names.length}`);
      expect(((await client.send('COMMAND', 'INFO')) as Typed[]).length).toBe(names.length);
      const list = (await client.send('COMMAND', 'LIST')) as string[];
      expect(list.filter((name) => !name.includes('|')).sort()).toEqual([...names].sort());
      expect(listed(await client.send('COMMAND', 'DOCS')).filter((_, i) => i % 2 === 0)).toHaveLength(
        names.length,
      );
    });

    test('INFO and DOCS describe those that are named', async () => {
      const client = await connect();
      const [get, none, tensorset, execute] = (await client.send(
        ...['COMMAND', 'INFO', 'get', 'nope', 'AI.TENSORSET', 'ai.modelexecute'],
      )) as Typed[][];
      expect([get?.[0], none, tensorset?.[0], execute?.[0]]).toEqual([
        ...['$get', protocol === 3 ? '_' : null, '$ai.tensorset', '$ai.modelexecute'],
      ]);
      expect(tensorset?.[1]).toBe(':-4');
      expect(listed(tensorset?.[2] as Typed)).toEqual(['+write', '+denyoom', '+module']);
      expect(tensorset?.slice(3, 6)).toEqual([':1', ':1', ':1']);
      expect(listed(execute?.[2] as Typed)).toContain('+movablekeys');
      const docs = listed(await client.send('COMMAND', 'DOCS', 'AI.TENSORGET', 'nope', 'get'));
      expect(docs.filter((_, i) => i % 2 === 0)).toEqual(['$get', '$ai.tensorget']);
    });

    test('LIST filters both', async () => {
      const client = await connect();
      const ofAi = listed(await client.send('COMMAND', 'LIST', 'FILTERBY', 'MODULE', 'ai')) as string[];
      expect(ofAi).toContain('$ai.experiment|promote');
      expect(ofAi.filter((name) => !name.includes('|')).sort()).toEqual(NAMES);
      expect(listed(await client.send('COMMAND', 'LIST', 'FILTERBY', 'PATTERN', '*tensorset'))).toEqual([
        '$ai.tensorset',
      ]);
      expect(listed(await client.send('COMMAND', 'LIST', 'FILTERBY', 'PATTERN', 'xread*')).sort()).toEqual([
        ...['$xread', '$xreadgroup'],
      ]);
    });

    test.each([
      ['GETKEYS AI.MODELEXECUTE m INPUTS 1 a OUTPUTS 1 b', ['$m', '$a', '$b']],
      ['GETKEYS XREAD COUNT 1 STREAMS a b 0 0', ['$a', '$b']],
      ['GETKEYS AI.TENSORSET t', '-ERR Invalid number of arguments specified for command'],
      ['GETKEYS AI.NOPE t', '-ERR Invalid command specified'],
      ['GETKEYS ai._modelscan x', '-ERR The command has no key arguments'],
    ] as const)('%s', async (words, keys) => {
      expect(await (await connect()).send('COMMAND', ...words.split(' '))).toEqual(keys);
    });

    test('answers the same within a transaction', async () => {
      const client = await connect();
      const count = await client.send('COMMAND', 'COUNT');
      await client.send('MULTI');
      for (const words of ['COUNT', 'GETKEYS AI.TENSORSET t FLOAT 1']) {
        expect(await client.send('COMMAND', ...words.split(' '))).toBe('+QUEUED');
      }
      expect(await client.send('EXEC')).toEqual([count, ['$t']]);
    });
  },
);
