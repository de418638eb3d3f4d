import { beforeEach, describe, expect, test } from 'vitest';
import { useSharedNode } from '../support/shared-node.ts';
import type { Typed, TypedClient } from '../support/typed-client.ts';
import { findKeys, keyRules, ruleText } from './key-finder.ts';
import { startNodeOfSlot } from './slot-node.ts';

const shared = useSharedNode(() => startNodeOfSlot('{a}'));
let client: TypedClient;
beforeEach(async () => {
  client = await shared.connectTyped();
});

async function description(name: string): Promise<Typed[]> {
  const [found] = (await client.send('COMMAND', 'INFO', name)) as Typed[][];
  return found as Typed[];
}

const READ = ['readonly', 'module'];
const STORE = ['write', 'denyoom', 'module'];
const DELETE = ['write', 'module'];
const RUN = [...STORE, 'movablekeys'];
const RUN_READONLY = [...READ, 'movablekeys'];
const OWN_READ = '1 | 0 | RO access';
const OWN_WRITTEN = '1 | 0 | OW update';
const OWN_DELETED = '1 | 0 | RM delete';
const [LOAD, PERSIST, ROUTING] = [
  'LOAD 1.. | n | RO access incomplete',
  'PERSIST 1.. | n | OW update incomplete',
  'ROUTING 1.. | 0 | not_key incomplete',
];
const OUTPUTS_AT_END = 'OUTPUTS 3.. | -1 | OW update incomplete';

/** Name, least number of arguments (negative: or more), flags, first key, rules; last key where it is another one. */
const DESCRIPTIONS: [string, number, string[], number, string[], number?][] = [
  ['ai.tensorset', -4, STORE, 1, [OWN_WRITTEN]],
  ['ai.tensorget', -2, READ, 1, [OWN_READ]],
  ['ai.modelset', -4, STORE, 1, [OWN_WRITTEN]],
  ['ai.modelstore', -6, STORE, 1, [OWN_WRITTEN]],
  ['ai.modelget', -2, READ, 1, [OWN_READ]],
  ['ai.modeldel', 2, DELETE, 1, [OWN_DELETED]],
  ['ai.modelrun', -6, RUN, 1, [`${OWN_READ} incomplete`, OUTPUTS_AT_END]],
  ['ai.modelexecute', -8, RUN, 1, [OWN_READ, '3 | n | RO access', 'OUTPUTS 5.. | n | OW update']],
  ['ai._modelscan', -1, READ, 0, []],
  ['ai.modelsignature', 2, READ, 1, [OWN_READ]],
  ['ai.scriptset', -5, STORE, 1, [OWN_WRITTEN]],
  ['ai.scriptstore', -6, STORE, 1, [OWN_WRITTEN]],
  ['ai.scriptget', -2, READ, 1, [OWN_READ]],
  ['ai.scriptdel', 2, DELETE, 1, [OWN_DELETED]],
  ['ai.scriptrun', -6, RUN, 1, [`${OWN_READ} incomplete`, OUTPUTS_AT_END]],
  [
    ...(['ai.scriptexecute', -3, RUN, 1] as const),
    [
      `${OWN_READ} incomplete`,
      'KEYS 3.. | n | RW access update incomplete',
      'INPUTS 3.. | n | RO access incomplete',
      'OUTPUTS 3.. | n | OW update incomplete',
    ],
  ],
  ['ai._scriptscan', -1, READ, 0, []],
  ['ai.experiment', -2, [], 0, []],
  ['ai.experiment|help', 2, ['loading', 'stale'], 0, []],
  ['ai.experiment|set', -8, RUN, 2, ['2 | 0 | OW update', '4 | 0 | RO access', '6 | n | RO access']],
  ['ai.experiment|get', 3, READ, 2, ['2 | 0 | RO access']],
  ['ai.experiment|reset', 3, READ, 2, ['2 | 0 | RO access']],
  ['ai.experiment|promote', 4, STORE, 2, ['2 | 0 | RW access update', '3 | 0 | RO access'], 3],
  ['ai.experiment|del', 3, DELETE, 2, ['2 | 0 | RM delete']],
  ['ai.info', -2, READ, 1, [OWN_READ]],
  ['ai.config', -2, DELETE, 0, []],
  ['ai.dagrun', -1, RUN, 3, [LOAD, PERSIST]],
  ['ai.dagexecute', -1, RUN, 3, [LOAD, PERSIST, ROUTING]],
  ['ai.dagrun_ro', -1, RUN_READONLY, 3, [LOAD]],
  ['ai.dagexecute_ro', -1, RUN_READONLY, 3, [LOAD, ROUTING]],
];

describe('COMMAND INFO', () => {
  test.each(DESCRIPTIONS)('of %s', async (name, arity, flags, first, rules, last = first) => {
    const found = await description(name.toUpperCase());
    const range = first === 0 ? [0, 0, 0] : [first, last, 1];
    expect(found.slice(0, 6)).toEqual([
      ...[`$${name}`, `:${arity}`, flags.map((flag) => `+${flag}`)],
      ...range.map((position) => `:${position}`),
    ]);
    expect(keyRules(found).map(ruleText)).toEqual(rules);
  });

  test('is there for all commands of the module', async () => {
    const names = (await client.send('COMMAND', 'LIST', 'FILTERBY', 'MODULE', 'ai')) as string[];
    expect(names.sort()).toEqual(DESCRIPTIONS.map(([name]) => `$${name}`).sort());
  });
});

/** A command, and those of its words with {a} that are keys. */
const SAMPLES: [string, string][] = [
  ['AI.TENSORSET t{a} FLOAT 1 VALUES 1', 't{a}'],
  ['AI.TENSORGET t{a} META', 't{a}'],
  ['AI.MODELSTORE m{a} ONNX CPU TAG x{a} BLOB b{a}', 'm{a}'],
  ['AI.MODELSET m{a} ONNX CPU TAG x{a} BLOB b{a}', 'm{a}'],
  ['AI.MODELGET m{a} META', 'm{a}'],
  ['AI.MODELSIGNATURE m{a}', 'm{a}'],
  ['AI.MODELDEL m{a}', 'm{a}'],
  ['AI.INFO m{a} RESETSTAT', 'm{a}'],
  ['AI.SCRIPTSTORE s{a} CPU TAG x{a} ENTRY_POINTS 1 f{a} SOURCE x{a}', 's{a}'],
  ['AI.SCRIPTSET s{a} CPU TAG x{a} SOURCE x{a}', 's{a}'],
  ['AI.SCRIPTGET s{a} SOURCE', 's{a}'],
  ['AI.SCRIPTDEL s{a}', 's{a}'],
  ['AI.MODELEXECUTE m{a} INPUTS 2 x{a} y{a} OUTPUTS 2 u{a} v{a}', 'm{a} x{a} y{a} u{a} v{a}'],
  ['AI.MODELEXECUTE m{a} INPUTS 1 x{a} OUTPUTS 1 x{a} TIMEOUT 10', 'm{a} x{a} x{a}'],
  ['ai.modelexecute m{a} inputs 1 x{a} outputs 1 u{a} timeout 10', 'm{a} x{a} u{a}'],
  ['AI.MODELRUN m{a} INPUTS x{a} y{a} OUTPUTS u{a} v{a}', 'm{a} x{a} y{a} u{a} v{a}'],
  ['AI.MODELRUN m{a} TIMEOUT 10 INPUTS x{a} OUTPUTS u{a}', 'm{a} x{a} u{a}'],
  ['AI.SCRIPTEXECUTE s{a} f{a} KEYS 2 k{a} l{a}', 's{a} k{a} l{a}'],
  [
    'AI.SCRIPTEXECUTE s{a} f{a} KEYS 1 k{a} INPUTS 1 x{a} ARGS 2 p{a} q{a} OUTPUTS 1 u{a}',
    's{a} k{a} x{a} u{a}',
  ],
  ['AI.SCRIPTEXECUTE s{a} f{a} INPUTS 1 x{a} TIMEOUT 10 OUTPUTS 1 u{a}', 's{a} x{a} u{a}'],
  ['AI.SCRIPTEXECUTE s{a} f{a} INPUTS 1 x{a} ARGS 3 w{a} v{a} KEYS OUTPUTS 1 u{a}', 's{a} x{a} u{a}'],
  ['AI.SCRIPTRUN s{a} f{a} INPUTS x{a} $ y{a} OUTPUTS u{a}', 's{a} x{a} y{a} u{a}'],
  ['AI.SCRIPTRUN s{a} f{a} TIMEOUT 10 INPUTS x{a} OUTPUTS u{a}', 's{a} x{a} u{a}'],
  ['AI.SCRIPTRUN s{a} f{a} OUTPUTS u{a} v{a}', 's{a} u{a} v{a}'],
  [
    'AI.DAGEXECUTE LOAD 2 x{a} y{a} PERSIST 1 z{a} TIMEOUT 10 |> AI.MODELEXECUTE m{a} INPUTS 1 x{a} OUTPUTS 1 z{a} |> AI.TENSORGET z{a}',
    'x{a} y{a} z{a} m{a}',
  ],
  ['AI.DAGEXECUTE ROUTING r{a} |> AI.TENSORSET x{a} FLOAT 1', 'r{a}'],
  [
    'AI.DAGEXECUTE ROUTING r{a} |> AI.SCRIPTEXECUTE s{a} f{a} INPUTS 1 x{a} KEYS 1 k{a} |> AI.SCRIPTEXECUTE t{a} f{a} KEYS 1 l{a} OUTPUTS 1 x{a}',
    'r{a} s{a} k{a} t{a} l{a}',
  ],
  ['ai.dagexecute load 1 x{a} |> ai.modelexecute m{a} inputs 1 x{a} outputs 1 y{a}', 'x{a} m{a}'],
  ['AI.DAGEXECUTE_RO LOAD 1 x{a} ROUTING r{a} |> AI.TENSORGET x{a}', 'x{a} r{a}'],
  [
    'AI.DAGRUN LOAD 1 x{a} PERSIST 1 z{a} |> AI.MODELRUN m{a} INPUTS x{a} OUTPUTS z{a} |> AI.SCRIPTRUN s{a} f{a} INPUTS x{a} OUTPUTS y{a}',
    'x{a} z{a} m{a} s{a}',
  ],
  ['AI.DAGRUN_RO LOAD 1 x{a} |> AI.MODELRUN m{a} INPUTS x{a} OUTPUTS z{a}', 'x{a} m{a}'],
  [
    'AI.EXPERIMENT SET e{a} PRIMARY m{a} CANDIDATES 2 n{a} o{a} MODE SPLIT WEIGHTS 1 1 1',
    'e{a} m{a} n{a} o{a}',
  ],
  ['AI.EXPERIMENT GET e{a}', 'e{a}'],
  ['ai.experiment reset e{a}', 'e{a}'],
  ['AI.EXPERIMENT PROMOTE e{a} m{a}', 'e{a} m{a}'],
  ['AI.EXPERIMENT DEL e{a}', 'e{a}'],
];

/** The full name of the command that begins with these words. */
function nameOf([name = '', sub]: readonly string[]): string {
  return (/^ai\.experiment$/i.test(name) ? `${name}|${sub}` : name).toLowerCase();
}

describe('the keys', () => {
  test('of every command that has some are in a sample', () => {
    const sampled = new Set(SAMPLES.map(([command]) => nameOf(command.split(' '))));
    const withKeys = DESCRIPTIONS.filter(([, , , first]) => first > 0).map(([name]) => name);
    expect([...sampled].sort()).toEqual(withKeys.sort());
  });

  test.each(SAMPLES)('COMMAND GETKEYS %s', async (command, keys) => {
    const expected = keys.split(' ').map((key) => `$${key}`);
    expect(await client.send('COMMAND', 'GETKEYS', ...command.split(' '))).toEqual(expected);
  });

  test.each([
    ['AI.MODELRUN m INPUTS $ OUTPUTS OUTPUTS INPUTS', '$m $$ $OUTPUTS $INPUTS'],
    ['AI.MODELEXECUTE m INPUTS 1 OUTPUTS OUTPUTS 1 INPUTS', '$m $OUTPUTS $INPUTS'],
    ['AI.SCRIPTEXECUTE s INPUTS INPUTS 1 OUTPUTS OUTPUTS 1 KEYS', '$s $OUTPUTS $KEYS'],
    ['AI.MODELEXECUTE m INPUTS 9 a b OUTPUTS 1', '$m $a $b $OUTPUTS $1'],
    ['AI.DAGEXECUTE LOAD x a |> AI.MODELEXECUTE m', '$m'],
  ])('may have the names of keywords, and counts be wrong: %s', async (command, keys) => {
    expect(await client.send('COMMAND', 'GETKEYS', ...command.split(' '))).toEqual(keys.split(' '));
  });

  test.each(SAMPLES)('are found by the published rules: %s', async (command, keys) => {
    const words = command.split(' ');
    const rules = keyRules(await description(nameOf(words)));
    const found = findKeys(rules, words).map((position) => words[position] as string);
    if (rules.some(({ flags }) => flags.includes('incomplete'))) {
      for (const key of found.filter((word) => word.includes('{a}'))) expect(keys.split(' ')).toContain(key);
      expect(found.length).toBeGreaterThan(0);
    } else expect(found).toEqual(keys.split(' '));
  });

  test.each(SAMPLES)('are those that the node routes by: %s', async (command, keys) => {
    const words = command.split(' ');
    const routed: string[] = [];
    for (const [position, word] of words.entries()) {
      if (!word.includes('{a}')) continue;
      const reply = await client.send(...words.with(position, word.replace('{a}', '{b}')));
      if (/^-(MOVED|CROSSSLOT) /.test(String(reply))) routed.push(word);
    }
    expect(routed.sort()).toEqual(keys.split(' ').sort());
  });
});

describe('COMMAND GETKEYSANDFLAGS', () => {
  const READS = ['+RO', '+access'];
  const OVERWRITES = ['+OW', '+update'];
  const BOTH = ['+RW', '+access', '+update'];
  test.each([
    ['AI.TENSORSET t FLOAT 1', [['$t', OVERWRITES]]],
    ['AI.MODELDEL m', [['$m', ['+RM', '+delete']]]],
    ['AI.TENSORGET t', [['$t', READS]]],
    [
      'AI.MODELEXECUTE m INPUTS 1 x OUTPUTS 1 y',
      [
        ['$m', READS],
        ['$x', READS],
        ['$y', OVERWRITES],
      ],
    ],
    [
      'AI.SCRIPTEXECUTE s f KEYS 1 k INPUTS 1 x OUTPUTS 1 y',
      [
        ['$s', READS],
        ['$k', BOTH],
        ['$x', READS],
        ['$y', OVERWRITES],
      ],
    ],
    [
      'AI.DAGEXECUTE LOAD 1 x PERSIST 1 y |> AI.MODELEXECUTE m INPUTS 1 x OUTPUTS 1 y',
      [
        ['$x', READS],
        ['$y', OVERWRITES],
        ['$m', READS],
      ],
    ],
    ['SET k v', [['$k', OVERWRITES]]],
    ['EXISTS k', [['$k', ['+RO']]]],
    [
      'COPY a b',
      [
        ['$a', READS],
        ['$b', OVERWRITES],
      ],
    ],
  ] as [string, Typed][])('%s', async (command, reply) => {
    expect(await client.send('COMMAND', 'GETKEYSANDFLAGS', ...command.split(' '))).toEqual(reply);
  });
});
