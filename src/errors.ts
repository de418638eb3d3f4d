import { ServerError } from './protocol/reply.ts';

export { ServerError };

/**
 * Every error text that the server sends, by name. The texts are Redis's and RedisAI's own, byte for byte, since clients compare them.
 * A test fails when one is unused or missing in docs/errors.md.
 */
export const errors = {
  // Redis: protocol
  invalidMultibulkLength: () => fatal('ERR Protocol error: invalid multibulk length'),
  tooBigMultibulkHeader: () => fatal('ERR Protocol error: too big mbulk count string'),
  tooBigBulkHeader: () => fatal('ERR Protocol error: too big bulk count string'),
  tooBigInline: () => fatal('ERR Protocol error: too big inline request'),
  unbalancedQuotes: () => fatal('ERR Protocol error: unbalanced quotes in request'),
  invalidBulkLength: () => fatal('ERR Protocol error: invalid bulk length'),
  expectedDollar: (got: string) => fatal(`ERR Protocol error: expected '$', got '${got}'`),
  unauthenticatedMultibulk: () => fatal('ERR Protocol error: unauthenticated multibulk length'),
  unauthenticatedBulk: () => fatal('ERR Protocol error: unauthenticated bulk length'),

  // Redis: commands
  unknownCommand: (name: string, args: readonly string[]) =>
    error(`ERR unknown command '${name}', with args beginning with: ${args.map((a) => `'${a}' `).join('')}`),
  unknownSubcommand: (sub: string, command: string) =>
    error(`ERR unknown subcommand '${sub}'. Try ${command.toUpperCase()} HELP.`),
  wrongArity: (name: string) => error(`ERR wrong number of arguments for '${name}' command`),
  syntax: () => error('ERR syntax error'),
  notAnInteger: () => error('ERR value is not an integer or out of range'),
  wrongType: () => error('WRONGTYPE Operation against a key holding the wrong kind of value'),
  noSuchKey: () => error('ERR no such key'),
  outOfMemory: () => error("OOM command not allowed when used memory > 'maxmemory'."),
  invalidExpire: (name: string) => error(`ERR invalid expire time in '${name}' command`),
  invalidCursor: () => error('ERR invalid cursor'),
  expireNxXx: () => error('ERR NX and XX, GT or LT options at the same time are not compatible'),
  expireGtLt: () => error('ERR GT and LT options at the same time are not compatible'),
  unsupportedOption: (option: string) => error(`ERR Unsupported option ${option}`),
  dbIndexOutOfRange: () => error('ERR DB index is out of range'),
  invalidDbIndex: () => error('ERR invalid DB index'),
  selectInCluster: () => error('ERR SELECT is not allowed in cluster mode'),
  sameObject: () => error('ERR source and destination objects are the same'),
  noProto: () => error('NOPROTO unsupported protocol version'),
  protocolNotInteger: () => error('ERR Protocol version is not an integer or out of range'),
  helloSyntax: (option: string) => error(`ERR Syntax error in HELLO option '${option}'`),
  noPasswordSet: () =>
    error(
      'ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?',
    ),
  wrongPass: () => error('WRONGPASS invalid username-password pair or user is disabled.'),
  invalidClientName: () => error('ERR Client names cannot contain spaces, newlines or special characters.'),
  invalidClientInfo: (attribute: string) =>
    error(`ERR ${attribute} cannot contain spaces, newlines or special characters.`),
  unknownClientInfo: (attribute: string) => error(`ERR Unrecognized option '${attribute}'`),
  noSuchClient: () => error('ERR No such client'),
  invalidClientId: () => error('ERR Invalid client ID'),
  unknownClientType: (type: string) => error(`ERR Unknown client type '${type}'`),
  invalidSubcommandArity: (sub: string) => error(`ERR wrong number of arguments for '${sub}' command`),
  invalidCommandForGetkeys: () => error('ERR Invalid command specified'),
  noKeysForGetkeys: () => error('ERR The command has no key arguments'),
  wrongArgsForGetkeys: () => error('ERR Invalid number of arguments specified for command'),
  configUnknown: (option: string) =>
    error(`ERR Unknown option or number of arguments for CONFIG SET - '${option}'`),
  configInvalid: (option: string, why: string) =>
    error(`ERR CONFIG SET failed (possibly related to argument '${option}') - ${why}`),
  nestedMulti: () => error('ERR MULTI calls can not be nested'),
  execWithoutMulti: () => error('ERR EXEC without MULTI'),
  discardWithoutMulti: () => error('ERR DISCARD without MULTI'),
  execAborted: () => error('EXECABORT Transaction discarded because of previous errors.'),
  notInTransaction: () => error('ERR Command not allowed inside a transaction'),
  watchInMulti: () => error('ERR WATCH inside MULTI is not allowed'),
  maxClients: () => error('ERR max number of clients reached'),
  internal: () => error('ERR internal error'),

  // Redis: access
  noAuth: () => error('NOAUTH Authentication required.'),
  helloNoAuth: () =>
    error(
      'NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time',
    ),
  noCommandPermission: (command: string) =>
    error(`NOPERM this user has no permissions to run the '${command}' command`),
  noKeyPermission: () =>
    error('NOPERM this user has no permissions to access one of the keys used as arguments'),
  noChannelPermission: () =>
    error('NOPERM this user has no permissions to access one of the channels used as arguments'),
  noLongerPermitted: (reason: string) =>
    error(
      `NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. This command is no longer allowed for the following reason: ${reason}`,
    ),
  protectedMode: () =>
    error(
      "DENIED Redis is running in protected mode because protected mode is enabled and no password is set for the default user. In this mode connections are only accepted from the loopback interface. If you want to connect from external computers to Redis you may adopt one of the following solutions: 1) Just disable protected mode sending the command 'CONFIG SET protected-mode no' from the loopback interface by connecting to Redis from the same host the server is running, however MAKE SURE Redis is not publicly accessible from internet if you do so. Use CONFIG REWRITE to make this change permanent. 2) Alternatively you can just disable the protected mode by editing the Redis configuration file, and setting the protected mode option to 'no', and then restarting the server. 3) If you started the server manually just for testing, restart it with the '--protected-mode no' option. 4) Setup a an authentication password for the default user. NOTE: You only need to do one of the above things in order for the server to start accepting connections from the outside.",
    ),
  aclModifier: (rule: string, reason: string) =>
    error(`ERR Error in ACL SETUSER modifier '${rule}': ${reason}`),
  aclUnmatchedParenthesis: (piece: string) =>
    error(`ERR Unmatched parenthesis in acl selector starting at '${piece}'.`),
  aclUsername: () => error("ERR Usernames can't contain spaces or null characters"),
  aclDefaultUser: () => error("ERR The 'default' user cannot be removed"),
  aclUserNotFound: (name: string) => error(`ERR User '${name}' not found`),
  aclCommandNotFound: (name: string) => error(`ERR Command '${name}' not found`),
  aclUnknownCategory: (name: string) => error(`ERR Unknown category '${name}'`),
  aclGenpass: () =>
    error(
      'ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to 4096',
    ),
  aclNoFile: () =>
    error(
      'ERR This Redis instance is not configured to use an ACL file. You may want to specify users via the ACL SETUSER command and then issue a CONFIG REWRITE (assuming you have a Redis configuration file set) in order to store users in the Redis configuration.',
    ),
  aclLoad: (problems: string) => error(`ERR ${problems}`),
  aclSave: () =>
    error(
      'ERR There was an error trying to save the ACLs. Please check the server logs for more information',
    ),
  subcommandSyntax: (sub: string, command: string) =>
    error(`ERR unknown subcommand or wrong number of arguments for '${sub}'. Try ${command} HELP.`),
  noSuchUser: (name: string) => error(`ERR No such user '${name}'`),

  // Redis: cluster
  clusterDisabled: () => error('ERR This instance has cluster support disabled'),
  moved: (slot: number, host: string, port: number) => error(`MOVED ${slot} ${host}:${port}`),
  ask: (slot: number, host: string, port: number) => error(`ASK ${slot} ${host}:${port}`),
  crossSlot: () => error("CROSSSLOT Keys in request don't hash to the same slot"),
  tryAgain: () => error('TRYAGAIN Multiple keys request during rehashing of slot'),
  slotNotServed: () => error('CLUSTERDOWN Hash slot not served'),
  invalidSlot: () => error('ERR Invalid slot'),
  slotOutOfRange: () => error('ERR Invalid or out of range slot'),
  unknownNode: (id: string) => error(`ERR Unknown node ${id}`),
  slotNotMine: (slot: number) => error(`ERR I'm not the owner of hash slot ${slot}`),
  slotAlreadyMine: (slot: number) => error(`ERR I'm already the owner of hash slot ${slot}`),
  fixedTopology: (sub: string) =>
    error(`ERR CLUSTER ${sub.toUpperCase()} is not available: the topology is fixed by cluster.config.json`),

  // RedisAI: tensors
  invalidDataType: () => error('ERR invalid data type'),
  invalidShape: () => error('ERR invalid or negative value found in tensor shape'),
  invalidValue: () => error('ERR invalid value'),
  dataLength: () => error('ERR data length does not match tensor shape and type'),
  singleBlob: () =>
    error("ERR a single binary string should come after the BLOB argument in 'AI.TENSORSET' command"),
  valueCount: () => error("ERR wrong number of values was given in 'AI.TENSORSET' command"),
  stringCount: () => error('ERR Number of string elements in data blob does not match tensor length'),
  nullCharacter: () => error('ERR C-string value contains null character'),
  emptyTensorKey: () => error('ERR tensor key is empty or in a different shard'),
  unsupportedFormat: () => error('ERR unsupported data format'),
  bothBlobAndValues: () => error('ERR both BLOB and VALUES specified'),

  // RedisAI: models
  emptyModelKey: () => error('ERR model key is empty'),
  unsupportedBackend: () => error('ERR unsupported backend'),
  backendNotLoaded: (backend: string) => error(`ERR Backend not loaded: ${backend}`),
  invalidDevice: () => error('ERR Invalid DEVICE'),
  gpuNotFound: (backend: string) => error(`ERR GPU requested but ${backend} couldn't find CUDA`),
  invalidArgument: (name: string) => error(`ERR Invalid argument for ${name}`),
  minBatchWithoutBatch: () => error('ERR MINBATCHSIZE specified without BATCHSIZE'),
  minBatchTimeoutWithoutMinBatch: () => error('ERR MINBATCHTIMEOUT specified without MINBATCHSIZE'),
  inputsNotForBackend: () => error('ERR INPUTS argument should not be specified for this backend'),
  missingBlob: () => error('ERR Insufficient arguments, missing model BLOB'),
  expectedBlob: () => error('ERR Invalid argument, expected BLOB'),
  inputsNotSpecified: () => error('ERR INPUTS not specified'),
  outputsNotSpecified: () => error('ERR OUTPUTS not specified'),
  invalidInputCount: () => error('ERR Invalid argument for input_count'),
  invalidOutputCount: () => error('ERR Invalid argument for output_count'),
  inputCountPositive: () => error('ERR Input count must be a positive integer'),
  outputCountPositive: () => error('ERR Output count must be a positive integer'),
  inputsMismatchArgs: () =>
    error('ERR number of input keys to AI.MODELEXECUTE command does not match the number of given arguments'),
  outputsMismatchArgs: () =>
    error(
      'ERR number of output keys to AI.MODELEXECUTE command does not match the number of given arguments',
    ),
  inputsMismatchModel: () => error('Number of keys given as INPUTS here does not match model definition'),
  outputsMismatchModel: () => error('Number of keys given as OUTPUTS here does not match model definition'),
  unexpectedArgument: (arg: string) => error(`Invalid argument: ${arg}`),
  noTimeoutValue: () => error('ERR No value provided for TIMEOUT'),
  invalidTimeout: () => error('ERR Invalid value for TIMEOUT'),
  batchSizeMismatch: () => error('ERR Model did not generate the expected batch size'),
  emptyRunInfo: () => error('ERR cannot find run info for key'),
  /** The text that ONNX Runtime itself gives for a run that was told to stop. */
  executionTimeout: () => error('Exiting due to terminate flag being set to true'),
  executionBusy: () =>
    error('ERR model is set aside: an earlier run is past MODEL_EXECUTION_TIMEOUT and has not ended'),
  loadTimeout: () => error('ERR loading the model took longer than the load timeout'),
  workerDied: () => error('ERR the worker that ran this model ended unexpectedly'),
  /** A text that comes from inside a backend, newlines flattened to spaces as RedisAI does. */
  backend: (text: string) => error(text.replace(/[\r\n]/g, ' ')),

  runInTransaction: () => error('ERR Cannot run RedisAI command within a transaction or a LUA script'),

  // RedisAI: configuration
  unsupportedSubcommand: () => error('ERR unsupported subcommand'),
  chunkSizeMissing: () => error('ERR MODEL_CHUNK_SIZE: missing chunk size'),
  chunkSizeInvalid: () => error('ERR MODEL_CHUNK_SIZE: invalid chunk size'),
  backendsPathMissing: () => error('ERR BACKENDSPATH: missing path argument'),
  errorLoadingBackend: () => error('ERR error loading backend'),
} as const;

function error(message: string): ServerError {
  return new ServerError(message);
}

function fatal(message: string): ServerError {
  return new ServerError(message, true);
}
