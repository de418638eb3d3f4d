import type { GoldenReply } from '../../support/golden-client.ts';

/** A reply that differs from RedisAI's on purpose. */
export interface Exception {
  /** The recording, without its protocol. */
  readonly file: string;
  /** The start of the command, as JSON. */
  readonly command: string;
  /** What is answered instead; a function where more than one reply is right. */
  readonly reply: GoldenReply | ((reply: GoldenReply, recorded: GoldenReply) => boolean);
  readonly why: string;
}

const SYNTAX = "-ERR TORCH source cannot be read: expected ',', found 'b' (<string>:1)";
const OUT_OF_RANGE = '-IndexError: list index out of range (<string>:3 in bar)';
const libtorch = 'the text comes from inside libtorch';
const int64 = 'RedisAI refuses the largest and the smallest INT64, which are INT64 values';

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function sameItems(reply: GoldenReply, recorded: GoldenReply): boolean {
  const sorted = (items: GoldenReply) =>
    JSON.stringify((items as GoldenReply[]).map((i) => JSON.stringify(i)).sort());
  return sorted(reply) === sorted(recorded);
}

/** Same name and flags; arity and key positions tell more than RedisAI's do. */
function sameFlags(reply: GoldenReply, recorded: GoldenReply): boolean {
  const [ours] = reply as GoldenReply[][];
  const [theirs] = recorded as GoldenReply[][];
  return ours?.[0] === theirs?.[0] && JSON.stringify(ours?.[2]) === JSON.stringify(theirs?.[2]);
}

/** The recording server's build has no real version. */
function sameModule(reply: GoldenReply, recorded: GoldenReply): boolean {
  const expected = JSON.stringify(recorded).replace(':999999', ':10207').replace('$/modules/redisai.so', '$');
  return JSON.stringify(reply) === expected;
}

const int64Bytes: GoldenReply = { bulk64: '/////////38AAAAAAAAAgA==' };
const int64Values: GoldenReply = [':9223372036854775807', ':-9223372036854775808'];

export const EXCEPTIONS: readonly Exception[] = [
  {
    file: 'misc',
    command: '["MODULE","LIST"]',
    reply: sameModule,
    why: 'the version is that of the RedisAI whose commands are followed, and no file is loaded',
  },
  {
    file: 'tensor',
    command: '["AI.TENSORSET","i","INT64",2,"VALUES","9223372036854775807","-9223372036854775808"]',
    reply: '+OK',
    why: int64,
  },
  { file: 'tensor', command: '["AI.TENSORGET","i","VALUES"]', reply: int64Values, why: int64 },
  { file: 'tensor', command: '["AI.TENSORGET","i","BLOB"]', reply: int64Bytes, why: int64 },
  {
    file: 'tensor',
    command: '["COPY","r2","r3"]',
    reply: ':1',
    why: 'RedisAI has no copy for its types; here a copy shares the bytes',
  },
  { file: 'model', command: '["AI._MODELSCAN"]', reply: sameItems, why: 'a scan comes in any order' },
  {
    file: 'model',
    command: '["AI.MODELEXECUTE","m","INPUTS",2,"a","b","OUTPUTS",1,"s"]',
    reply: '-WRONGTYPE Operation against a key holding the wrong kind of value',
    why: 'RedisAI answers OK and drops the output when its key holds something else',
  },
  {
    file: 'model',
    command: '["AI.MODELSTORE","s","ONNX"',
    reply: '-WRONGTYPE Operation against a key holding the wrong kind of value',
    why: 'RedisAI dies',
  },
  {
    file: 'model',
    command: '["AI.MODELSTORE","x","TORCH"',
    reply: (reply) => /^-ERR TORCH archive cannot be read: /.test(reply as string),
    why: libtorch,
  },
  {
    file: 'model',
    command: '["AI.MODELEXECUTE","pt","INPUTS",1,"a"',
    reply: (reply) => /^-.*Gemm/.test(reply as string),
    why: libtorch,
  },
  {
    file: 'deprecated',
    command: '["AI.SCRIPTSET","s2","CPU","SOURCE","def bar(a b)',
    reply: SYNTAX,
    why: libtorch,
  },
  {
    file: 'dag',
    command: '["AI.DAGEXECUTE","LOAD",1,"a","|>","AI.SCRIPTEXECUTE","s","bar"',
    reply: (reply, recorded) => {
      const [failed, ...rest] = reply as GoldenReply[];
      return failed === OUT_OF_RANGE && same(rest, (recorded as GoldenReply[]).slice(1));
    },
    why: libtorch,
  },
  {
    file: 'script',
    command: '["AI.SCRIPTEXECUTE","s","bar","INPUTS",1,"a","OUTPUTS",1,"c"]',
    reply: OUT_OF_RANGE,
    why: libtorch,
  },
  {
    file: 'script',
    command: '["AI.SCRIPTSTORE","x","CPU","ENTRY_POINTS",1,"bar","SOURCE","def bar(a b)',
    reply: SYNTAX,
    why: libtorch,
  },
  {
    file: 'script',
    command: '["AI.SCRIPTSTORE","x","CPU","ENTRY_POINTS",1,"f"',
    reply: (reply) => /^-ERR TORCH .*aten::nosuchop.*<string>:2/.test(reply as string),
    why: libtorch,
  },
  {
    file: 'script',
    command: '["AI.SCRIPTEXECUTE","r","run","KEYS",1,"nomodel"',
    reply: '-ERR model key is empty (<string>:12 in run)',
    why: libtorch,
  },
  {
    file: 'script',
    command: '["AI.SCRIPTEXECUTE","r","setget"',
    reply: '-IndexError: list index out of range (<string>:2 in setget)',
    why: libtorch,
  },
  {
    file: 'script',
    command: '["AI.SCRIPTSTORE","f"',
    reply: '-ERR TORCH source cannot be read: torch.int cannot be used as a value (<string>:11)',
    why: libtorch,
  },
  {
    file: 'misc',
    command: '["COMMAND","GETKEYS","AI.SCRIPTEXECUTE"',
    reply: ['$s', '$k', '$a', '$c'],
    why: 'RedisAI leaves out the keys under OUTPUTS, so a client would not see that they belong elsewhere',
  },
  { file: 'misc', command: '["COMMAND","INFO"', reply: sameFlags, why: 'better arities and key positions' },
  {
    file: 'misc',
    command: '["AI.MODELEXECUTE","loop"',
    reply: '-Exiting due to terminate flag being set to true',
    why: 'the run is answered at its deadline while ONNX Runtime still works on it, so the node that it stopped in is not known',
  },
];
