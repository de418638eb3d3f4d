import type { Command } from '../../../src/commands/command.ts';
import { CommandTable } from '../../../src/commands/table.ts';
import { crc64 } from '../../../src/keyspace/dump/crc64.ts';
import { KINDS } from '../../support/command-kinds.ts';
import { fromTemplate, type Kinds, type Random } from '../../support/differential.ts';
import { model } from '../../support/node.ts';
import { encode, floats } from '../../support/resp-client.ts';
import { mutate } from './mutations.ts';

/** An argument; text is one character a byte. */
type Argument = string | Uint8Array;
type Stream = readonly (readonly Argument[])[];

/**
 * What a stream must not hold: it would end the node or hold it for long, or touch what belongs to others. The node refuses these too (DENIED in
 * target.ts), since a mutation may make any of them.
 */
const LEFT_OUT = new Set([
  ...['shutdown', 'debug', 'migrate', 'flushall', 'flushdb', 'swapdb', 'client|pause', 'client|kill'],
  ...[
    'config|set',
    'config|resetstat',
    'acl|setuser',
    'acl|deluser',
    'acl|load',
    'acl|save',
    'module|load',
    'ai.config',
  ],
]);

const MODELS = [
  'mul',
  'add_int64',
  'string_identity',
  'relu_1x4',
  'two_outputs',
  'sum_rows',
  'iris',
] as const;
const DTYPES = 'FLOAT DOUBLE INT8 INT16 INT32 INT64 UINT8 UINT16 BOOL STRING'.split(' ');
/** A model with two FLOAT inputs of shape [1, 2] that is there at the beginning, and again after each sweep. */
export const STORED_MODEL = 'multiply';
const TENSORS = ['t1', 't2', 't3', '{t}\x00\xff'];

/** A key that mostly holds what its name says, so that few commands end with WRONGTYPE. */
const keyOf = (type: string) => (random: Random) =>
  random.below(12) === 0 ? (KINDS.key as Kinds[string])(random) : `${type}${1 + random.below(3)}`;

const KINDS_HERE: Kinds = {
  ...KINDS,
  string: keyOf('k'),
  hash: keyOf('h'),
  set: keyOf('s'),
  list: keyOf('l'),
  zset: keyOf('z'),
  element: KINDS.value as Kinds[string],
  index: (random) => random.pick(['0', '1', '-1', '2', '-2', '100', '-100', 'x']),
  end: (random) => random.pick(['LEFT', 'RIGHT', 'left', 'FOO']),
  score: (random) => random.pick(['0', '1', '-1', '1.5', 'inf', '-inf', '3e-5', 'nan', '']),
  bound: (random) => random.pick(['0', '(1', '-inf', '+inf', '-', '+', '[a', '(b', 'x', '']),
  channel: (random) => random.pick(['c1', 'c2', 'c\x00\xff', '']),
  moment: (random) => random.pick(['0.001', '0', '1', '-1', 'x', '']),
};

const table = new CommandTable();
const commands: readonly Command[] = table
  .all()
  .flatMap((command) => [command, ...(command.subcommands ?? [])])
  .filter(({ name }) => !LEFT_OUT.has(name));

/** Arguments that make sense to their command more often than not. */
const TEMPLATES = [
  ...[
    'SET string value option?',
    'SET string value expiry,seconds',
    'APPEND string value',
    'GETRANGE string position position',
  ],
  ...[
    'SETRANGE string offset value',
    'SETBIT string offset bit',
    'BITOP operation string string+',
    'INCRBY string number',
  ],
  ...[
    'INCRBYFLOAT string float',
    'MSET string,value+',
    'BITCOUNT string position position unit',
    'GETEX string expiry,seconds',
  ],
  ...[
    'HSET hash field,value+',
    'HINCRBY hash field number',
    'HRANDFIELD hash sign WITHVALUES?',
    'HGETALL hash',
  ],
  ...[
    'HSCAN hash cursor MATCH,pattern? COUNT,count?',
    'SADD set value+',
    'SINTERSTORE set set+',
    'SPOP set count?',
  ],
  ...['SRANDMEMBER set sign', 'SSCAN set cursor', 'SORT list BY,by? LIMIT,position,position? GET,by+ ALPHA?'],
  ...[
    'RPUSH list element+',
    'LPUSH list element+',
    'LINSERT list BEFORE element element',
    'LPOS list element RANK,index?',
  ],
  ...[
    'LMOVE list list end end',
    'BLPOP list+ moment',
    'BLMOVE list list end end moment',
    'LRANGE list index index',
  ],
  ...['BLMPOP moment count list end', 'BZPOPMIN zset+ moment', 'BZMPOP moment count zset+ MIN COUNT,count?'],
  ...[
    'ZADD zset score,element+',
    'ZADD zset GT CH score,element+',
    'ZRANGE zset bound bound BYSCORE REV? LIMIT,index,index?',
  ],
  ...[
    'ZRANGE zset bound bound BYLEX',
    'ZUNIONSTORE zset 2 zset zset WEIGHTS,weight,weight?',
    'ZRANDMEMBER zset sign WITHSCORES?',
  ],
  ...[
    'ZREMRANGEBYRANK zset index index',
    'ZINTER count zset+ WITHSCORES',
    'ZMPOP count zset+ MAX',
    'ZSCAN zset cursor',
  ],
  ...[
    'DEL key+',
    'RENAME key key',
    'COPY key key REPLACE?',
    'PEXPIRE key seconds',
    'EXPIREAT key seconds',
    'TYPE key',
  ],
  ...[
    'DUMP key',
    'OBJECT ENCODING key',
    'SCAN cursor MATCH,pattern? COUNT,count? TYPE,value?',
    'KEYS pattern',
  ],
  ...[
    'HELLO 3',
    'HELLO 2 SETNAME value',
    'CLIENT SETNAME value',
    'CLIENT LIST',
    'CLIENT REPLY SKIP',
    'RESET',
  ],
  ...[
    'CLIENT NO-EVICT on',
    'CLIENT TRACKING on',
    'CLIENT UNBLOCK count',
    'PING value?',
    'ECHO value',
    'SELECT count',
  ],
  ...[
    'SUBSCRIBE channel+',
    'PSUBSCRIBE pattern+',
    'SSUBSCRIBE channel',
    'UNSUBSCRIBE channel?',
    'PUBLISH channel value',
  ],
  ...[
    'SPUBLISH channel value',
    'PUBSUB NUMSUB channel+',
    'MONITOR',
    'INFO value',
    'COMMAND',
    'COMMAND GETKEYS GET key',
  ],
  ...[
    'CONFIG GET pattern',
    'SLOWLOG GET count',
    'LATENCY HISTOGRAM value?',
    'MEMORY USAGE key',
    'ACL DRYRUN default GET key',
  ],
  ...[
    'AUTH value value',
    'WATCH key+',
    'UNWATCH',
    'MULTI',
    'EXEC',
    'DISCARD',
    'CLUSTER SLOTS',
    'SAVE',
    'BGSAVE',
  ],
  ...[
    'AI.TENSORGET key META BLOB',
    'AI.TENSORGET t1 META VALUES',
    'AI.INFO m1',
    'AI.MODELGET m1 META BLOB',
    'AI._MODELSCAN',
  ],
  ...[
    'AI.MODELDEL key',
    'AI.SCRIPTGET s1 META SOURCE',
    'AI.CONFIG GET MODEL_CHUNK_SIZE',
    'AI._SCRIPTSCAN',
    'DEL m1 s1',
  ],
];

const LUA = [
  "return redis.call('get', KEYS[1])",
  "redis.call('set', KEYS[1], ARGV[1]); return {1, 'two', {3, false}, redis.status_reply('ok')}",
  "return redis.pcall('lpush', KEYS[1], ARGV[1])",
  'return cjson.encode(cjson.decode(ARGV[1]))',
  'return cmsgpack.pack({cmsgpack.unpack(ARGV[1])})',
  "return struct.pack('>I4s', 7, ARGV[1]) .. tostring(bit.band(tonumber(ARGV[1]) or 1, 255))",
  "local n = 0 for w in string.gmatch(ARGV[1], '%w+') do n = n + #w end return n",
  "return string.format('%5.2f|%q|%s', 1.5, ARGV[1], KEYS[1]) .. string.rep('ab', 10)",
  "redis.setresp(3) return redis.call('hgetall', KEYS[1])",
  'local t = {} for i = 1, 50 do t[i] = i * i end table.sort(t, function(a, b) return a > b end) return t',
  'return redis.error_reply(ARGV[1])',
  "return redis.call('ai.tensorset', KEYS[1], 'FLOAT', 2, 'VALUES', 1, 2)",
  'error({err = ARGV[1]})',
];

/** Requests as a client means them, of one of the kinds that differ in how a node treats them, as they go over the wire. */
export function validStream(random: Random, dumps: readonly Uint8Array[]): Buffer {
  const kinds: ((random: Random) => Stream)[] = [
    templates,
    templates,
    anyCommands,
    transaction,
    tensors,
    models,
    dag,
    scripts,
    lua,
    (r) => restores(r, dumps),
    largeValues,
  ];
  const stream = random.pick(kinds)(random);
  const hello = random.below(4) === 0 ? [encode(['HELLO', '3'])] : [];
  return Buffer.concat([...hello, ...stream.map((args) => onWire(args, random))]);
}

function onWire(args: readonly Argument[], random: Random): Buffer {
  if (random.below(10) === 0) return inline(args);
  return encode(args.map((arg) => (typeof arg === 'string' ? Buffer.from(arg, 'latin1') : arg)));
}

/** The command on a line, its arguments in quotes. */
function inline(args: readonly Argument[]): Buffer {
  const quoted = args.map((arg) => {
    const text = typeof arg === 'string' ? arg : Buffer.from(arg).toString('latin1');
    if (/^[\w.|{}-]+$/.test(text)) return text;
    const escaped = text.replace(
      /[^ -~]|["\\]/g,
      (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`,
    );
    return `"${escaped}"`;
  });
  return Buffer.from(`${quoted.join(' ')}\r\n`, 'latin1');
}

const several = (random: Random, most: number, make: (random: Random) => readonly Argument[]): Stream =>
  Array.from({ length: 1 + random.below(most) }, () => make(random));

function templates(random: Random): Stream {
  return several(random, 12, () => fromTemplate(random.pick(TEMPLATES), KINDS_HERE, random));
}

/** Any command of the table with as many arguments as it takes, of any kind. */
function anyCommands(random: Random): Stream {
  const kinds = Object.values(KINDS_HERE);
  return several(random, 8, () => {
    const { name, arity } = random.pick(commands);
    const words = name.split('|');
    const least = Math.abs(arity) - words.length;
    const count = Math.max(0, least + (arity < 0 ? random.below(4) : 0));
    return [...words, ...Array.from({ length: count }, () => random.pick(kinds)(random))];
  });
}

function transaction(random: Random): Stream {
  const inner = random.pick([templates, anyCommands, tensors])(random);
  const watch: Stream = random.below(2) === 0 ? [['WATCH', 'k1', 't1']] : [];
  return [...watch, ['MULTI'], ...inner, [random.below(5) === 0 ? 'DISCARD' : 'EXEC'], ['GET', 'k1']];
}

function tensorset(random: Random): readonly Argument[] {
  const key = random.pick(TENSORS);
  const dtype = random.pick(DTYPES);
  const shape = Array.from({ length: 1 + random.below(3) }, () => 1 + random.below(5));
  const head = ['AI.TENSORSET', key, dtype, ...shape.map(String)];
  const elements = shape.reduce((product, dim) => product * dim, 1);
  switch (random.below(4)) {
    case 0:
      return head;
    case 1: {
      const value = () => (dtype === 'BOOL' ? random.below(2) : random.below(100));
      return [...head, 'VALUES', ...Array.from({ length: elements }, () => String(value()))];
    }
    case 2: {
      const values = Float32Array.from({ length: elements }, () => random.next());
      return ['AI.TENSORSET', key, 'FLOAT', ...head.slice(3), 'BLOB', new Uint8Array(values.buffer)];
    }
    default:
      return ['AI.TENSORSET', key, 'STRING', '2', 'BLOB', Buffer.from('one\0two\0')];
  }
}

function tensors(random: Random): Stream {
  return several(random, 6, () =>
    random.below(2) === 0
      ? tensorset(random)
      : [
          'AI.TENSORGET',
          random.pick(TENSORS),
          ...random.pick([[], ['META'], ['META', 'VALUES'], ['BLOB'], ['VALUES']]),
        ],
  );
}

function modelstore(random: Random): readonly Argument[] {
  const old = random.below(4) === 0;
  const bytes = model(random.pick(MODELS));
  const cut = random.below(bytes.length);
  const options = random.pick([
    [],
    ['TAG', 'v1'],
    ['BATCHSIZE', '4'],
    ['BATCHSIZE', '4', 'MINBATCHSIZE', '1'],
  ]);
  const chunks = random.below(3) === 0 ? [bytes.subarray(0, cut), bytes.subarray(cut)] : [bytes];
  return [old ? 'AI.MODELSET' : 'AI.MODELSTORE', 'm1', 'ONNX', 'CPU', ...options, 'BLOB', ...chunks];
}

/** Runs of a model that the owner has stored, on tensors that fit it, mostly. */
function models(random: Random): Stream {
  const inputs: Stream = [
    ['AI.TENSORSET', 't1', 'FLOAT', '1', '2', 'BLOB', floats(1, -2)],
    ['AI.TENSORSET', 't2', random.pick(['FLOAT', 'FLOAT', 'FLOAT', 'INT64', 'STRING']), '1', '2'],
  ];
  const runs = several(random, 4, () => {
    const from = random.below(6) === 0 ? ['t1'] : ['t1', 't2'];
    const count = String(from.length);
    const timeout = random.below(3) === 0 ? ['TIMEOUT', '1000'] : [];
    if (random.below(4) === 0)
      return ['AI.MODELRUN', STORED_MODEL, ...timeout, 'INPUTS', ...from, 'OUTPUTS', 't3'];
    return ['AI.MODELEXECUTE', STORED_MODEL, 'INPUTS', count, ...from, 'OUTPUTS', '1', 't3', ...timeout];
  });
  const key = random.pick([STORED_MODEL, 'm1']);
  const after: Stream = [
    ['AI.TENSORGET', 't3', 'META', 'VALUES'],
    random.pick([
      ['AI.INFO', key],
      ['AI.INFO', key, 'RESETSTAT'],
      ['AI.MODELDEL', 'm1'],
      ['AI.MODELGET', key, 'META'],
    ]),
  ];
  // Loading takes a thread some ms, running a stored one does not.
  return [...(random.below(3) === 0 ? [modelstore(random)] : []), ...inputs, ...runs, ...after];
}

function dag(random: Random): Stream {
  const name = random.pick(['AI.DAGEXECUTE', 'AI.DAGEXECUTE_RO', 'AI.DAGRUN', 'AI.DAGRUN_RO']);
  const unfit = random.below(8) === 0;
  const load = ['LOAD', '1', 't1'].slice(0, random.below(6) === 0 ? 0 : 3);
  const persist = (unfit || !name.endsWith('_RO')) && random.below(2) === 0 ? ['PERSIST', '1', 'a'] : [];
  const routing = (unfit || name.includes('EXECUTE')) && random.below(2) === 0 ? ['ROUTING', 't1'] : [];
  const timeout = random.below(4) === 0 ? ['TIMEOUT', '500'] : [];
  const run = name.includes('EXECUTE') !== unfit ? 'AI.MODELEXECUTE' : 'AI.MODELRUN';
  const operations = [
    ['AI.TENSORSET', 'a', 'FLOAT', '1', '2', 'VALUES', '2', '3'],
    run === 'AI.MODELRUN'
      ? [run, STORED_MODEL, 'INPUTS', 'a', 'a', 'OUTPUTS', 'c']
      : [run, STORED_MODEL, 'INPUTS', '2', 'a', 'a', 'OUTPUTS', '1', 'c'],
    ['AI.TENSORGET', random.pick(['a', 'a', 'a', 'c', 't1']), 'VALUES'],
    ...(unfit ? [['AI.SCRIPTEXECUTE', 's1', 'bar', 'INPUTS', '2', 'a', 'a', 'OUTPUTS', '1', 'c']] : []),
  ];
  const first = unfit ? ['GET', 'k1'] : (operations[0] as readonly string[]);
  const others = Array.from({ length: random.below(4) }, () => ['|>', ...random.pick(operations)]);
  const chosen = [['|>', ...first], ...others];
  return [
    ['AI.TENSORSET', 't1', 'FLOAT', '1', '2', 'VALUES', '1', '2'],
    [name, ...load, ...persist, ...routing, ...timeout, ...chosen.flat()],
  ];
}

const TORCH_SCRIPT =
  'def bar(a, b):\n    return a + b\n\ndef foo(tensors: List[Tensor], keys: List[str], args: List[str]):\n    return tensors\n';

function scripts(random: Random): Stream {
  return [
    random.pick([
      ['AI.SCRIPTSTORE', 's1', 'CPU', 'TAG', 'v', 'ENTRY_POINTS', '1', 'foo', 'SOURCE', TORCH_SCRIPT],
      ['AI.SCRIPTSET', 's1', 'CPU', 'SOURCE', TORCH_SCRIPT],
    ]),
    random.pick([
      [
        'AI.SCRIPTEXECUTE',
        's1',
        'foo',
        'INPUTS',
        '1',
        't1',
        'ARGS',
        '1',
        'x',
        'OUTPUTS',
        '1',
        't3',
        'TIMEOUT',
        '500',
      ],
      ['AI.SCRIPTEXECUTE', 's1', 'foo', 'KEYS', '1', '{t}', 'INPUTS', '2', 't1', 't2', 'OUTPUTS', '1', 't3'],
      ['AI.SCRIPTRUN', 's1', 'bar', 'INPUTS', 't1', '$', 't2', 'OUTPUTS', 't3'],
    ]),
    random.pick([
      ['AI.SCRIPTGET', 's1'],
      ['AI.SCRIPTDEL', 's1'],
      ['AI.INFO', 's1'],
    ]),
  ];
}

function lua(random: Random): Stream {
  const value = () =>
    random.pick(['{"a":[1,2.5,null,"x"]}', '\x93\x01\xa2ab\xc0', '123', 'words and more', '']);
  return several(random, 4, () => {
    const source = random.pick(LUA);
    const name = random.pick(['EVAL', 'EVAL', 'EVAL_RO', 'SCRIPT LOAD', 'EVALSHA']);
    if (name === 'SCRIPT LOAD') return ['SCRIPT', 'LOAD', source];
    return [name, source, '1', random.pick(['k1', 'k2', 't1']), value()];
  });
}

/** Payloads of DUMP, some of them damaged behind a checksum that is right. */
function restores(random: Random, dumps: readonly Uint8Array[]): Stream {
  return several(random, 5, () => {
    let payload = random.pick(dumps);
    if (random.below(4) > 0) {
      const inner = mutate(payload.subarray(0, -10), random, payload);
      const checked = Buffer.concat([inner, payload.subarray(-10, -8)]);
      const footer = Buffer.alloc(8);
      footer.writeBigUInt64LE(crc64([checked]));
      payload = Buffer.concat([checked, footer]);
    }
    return ['RESTORE', random.pick(['k1', 'k2', 't1']), random.pick(['0', '10000']), payload, 'REPLACE'];
  });
}

/** Values above the size from which they are read into memory of their own. */
function largeValues(random: Random): Stream {
  const bytes = Buffer.alloc(1 + random.below(random.pick([20_000, 70_000, 300_000])), random.below(256));
  return [
    random.pick<readonly Argument[]>([
      ['SET', 'k1', bytes],
      ['AI.TENSORSET', 't1', 'UINT8', String(bytes.length), 'BLOB', bytes],
      ['ECHO', bytes],
      ['AI.MODELSTORE', 'm2', 'ONNX', 'CPU', 'BLOB', bytes],
      ['AI.MODELSTORE', 'm2', 'TORCH', 'CPU', 'BLOB', bytes, bytes],
      ['PUBLISH', 'c1', bytes],
      ['AI.SCRIPTSTORE', 's1', 'CPU', 'ENTRY_POINTS', '1', 'f', 'SOURCE', bytes],
    ]),
    random.pick<readonly Argument[]>([
      ['GET', 'k1'],
      ['AI.TENSORGET', 't1', 'BLOB'],
      ['AI.TENSORGET', 't1', 'META', 'BLOB'],
    ]),
  ];
}
