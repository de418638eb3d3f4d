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
  unknownCommand: (name: string, ...args: string[]) =>
    error(`ERR unknown command '${name}', with args beginning with: ${args.map((a) => `'${a}' `).join('')}`),
  unknownSubcommand: (sub: string, command: string) =>
    error(`ERR unknown subcommand '${sub}'. Try ${command.toUpperCase()} HELP.`),
  unknownSubcommandOrArity: (sub: string, command: string) =>
    error(
      `ERR unknown subcommand or wrong number of arguments for '${sub}'. Try ${command.toUpperCase()} HELP.`,
    ),
  wrongArity: (name: string) => error(`ERR wrong number of arguments for '${name}' command`),
  syntax: () => error('ERR syntax error'),
  notAnInteger: () => error('ERR value is not an integer or out of range'),
  wrongType: () => error('WRONGTYPE Operation against a key holding the wrong kind of value'),
  noSuchKey: () => error('ERR no such key'),
  outOfMemory: () => error("OOM command not allowed when used memory > 'maxmemory'."),
  loading: () => error('LOADING Redis is loading the dataset in memory'),
  unreadableValue: (reason: string) => error(`ERR the value cannot be read from the data folder: ${reason}`),
  tooManyDevices: (most: number) => error(`ERR no more devices: ${most} are in use, which is the most`),
  misconf: (reason: string) => error(`MISCONF Errors writing to the data folder: ${reason}`),
  invalidExpire: (name: string) => error(`ERR invalid expire time in '${name}' command`),
  invalidCursor: () => error('ERR invalid cursor'),
  expireNxXx: () => error('ERR NX and XX, GT or LT options at the same time are not compatible'),
  expireGtLt: () => error('ERR GT and LT options at the same time are not compatible'),
  unsupportedOption: (option: string) => error(`ERR Unsupported option ${option}`),
  dbIndexOutOfRange: () => error('ERR DB index is out of range'),
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
  invalidCommandForGetkeys: () => error('ERR Invalid command specified'),
  invalidArgsForGetkeys: () => error('ERR Invalid arguments specified for command'),
  noKeysForGetkeys: () => error('ERR The command has no key arguments'),
  wrongArgsForGetkeys: () => error('ERR Invalid number of arguments specified for command'),
  configUnknown: (option: string) =>
    error(`ERR Unknown option or number of arguments for CONFIG SET - '${option}'`),
  configInvalid: (option: string, why: string) =>
    error(`ERR CONFIG SET failed (possibly related to argument '${option}') - ${why}`),
  clientIdTooSmall: () => error('ERR client-id should be greater than 0'),
  noSuchUser: (user: string) => error(`ERR No such user '${user}'`),
  pauseMode: () => error('ERR CLIENT PAUSE mode must be WRITE or ALL'),
  timeoutNotInteger: () => error('ERR timeout is not an integer or out of range'),
  noTracking: () => error('ERR CLIENT TRACKING ON is not supported by this server'),
  cachingWithoutTracking: () =>
    error(
      'ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled',
    ),
  slowlogCount: () => error('ERR count should be greater than or equal to -1'),
  moduleNotAllowed: () =>
    error(
      'ERR MODULE command not allowed. If the enable-module-command option is set to "local", you can run it from a local connection, otherwise you need to set this option in the configuration file, and then restart the server.',
    ),
  debugNotAllowed: () =>
    error(
      'ERR DEBUG command not allowed. If the enable-debug-command option is set to "local", you can run it from a local connection, otherwise you need to set this option in the configuration file, and then restart the server.',
    ),
  nothingToReload: () => error('ERR There is nothing to reload: the data lives in memory only'),
  shutdownFailed: () => error('ERR Errors trying to SHUTDOWN. Check logs.'),
  noShutdown: () => error('ERR No shutdown in progress.'),
  invalidMasterPort: () => error('ERR Invalid master port'),
  noReplication: () => error('ERR REPLICAOF is not available: this engine has no replicas'),
  /** A Redis that was told to follow this node would otherwise fall back to SYNC, again and again. */
  noPsync: () =>
    error('NOMASTERLINK PSYNC is not available: this engine has no replicas, SYNC sends a copy of all keys'),
  unknownReplconf: (option: string) => error(`ERR Unrecognized REPLCONF option: ${option}`),
  rdbFilterMissing: () => error('ERR Missing rdb-filter-only values'),
  rdbFilterUnknown: (filter: string) => error(`ERR Unsupported rdb-filter-only option: ${filter}`),
  replicaofInCluster: () => error('ERR REPLICAOF not allowed in cluster mode.'),
  failoverInCluster: () =>
    error('ERR FAILOVER not allowed in cluster mode. Use CLUSTER FAILOVER command instead.'),
  noFailover: () => error('ERR No failover in progress.'),
  noReplicas: () => error('ERR FAILOVER requires connected replicas.'),
  swapdbInCluster: () => error('ERR SWAPDB is not allowed in cluster mode'),
  moveInCluster: () => error('ERR MOVE is not allowed in cluster mode'),
  invalidFirstDb: () => error('ERR invalid first DB index'),
  invalidSecondDb: () => error('ERR invalid second DB index'),
  monitorDenied: () => error("ERR MONITOR isn't allowed for DENY BLOCKING client"),
  noConfigFile: () => error('ERR The server is running without a config file'),
  nestedMulti: () => error('ERR MULTI calls can not be nested'),
  execWithoutMulti: () => error('ERR EXEC without MULTI'),
  discardWithoutMulti: () => error('ERR DISCARD without MULTI'),
  execAborted: () => error('EXECABORT Transaction discarded because of previous errors.'),
  execRefused: (reason: string) => error(`EXECABORT Transaction discarded because of: ${reason}`),
  notInTransaction: () => error('ERR Command not allowed inside a transaction'),
  watchInMulti: () => error('ERR WATCH inside MULTI is not allowed'),
  // Redis: lists, sorted sets and waiting for them
  indexOutOfRange: () => error('ERR index out of range'),
  notPositive: () => error('ERR value is out of range, must be positive'),
  outOfRange: () => error('ERR value is out of range'),
  keyCountPositive: () => error('ERR numkeys should be greater than 0'),
  countPositive: () => error('ERR count should be greater than 0'),
  rankZero: () =>
    error(
      "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list",
    ),
  optionNegative: (option: string) => error(`ERR ${option} can't be negative`),
  notAFloat: () => error('ERR value is not a valid float'),
  weightNotAFloat: () => error('ERR weight value is not a float'),
  minMaxNotAFloat: () => error('ERR min or max is not a float'),
  minMaxNotAString: () => error('ERR min or max not valid string range item'),
  scoreNotANumber: () => error('ERR resulting score is not a number (NaN)'),
  zaddNxXx: () => error('ERR XX and NX options at the same time are not compatible'),
  zaddGtLtNx: () => error('ERR GT, LT, and/or NX options at the same time are not compatible'),
  zaddIncrPair: () => error('ERR INCR option supports a single increment-element pair'),
  limitNeedsRange: () =>
    error('ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX'),
  scoresWithLex: () => error('ERR syntax error, WITHSCORES not supported in combination with BYLEX'),
  inputKeyNeeded: (name: string) => error(`ERR at least 1 input key is needed for '${name}' command`),
  timeoutNotAFloat: () => error('ERR timeout is not a float or out of range'),
  timeoutNegative: () => error('ERR timeout is negative'),
  unblocked: () => error('UNBLOCKED client unblocked via CLIENT UNBLOCK'),
  unblockReason: () => error('ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR'),

  notWhileSubscribed: (command: string) =>
    error(
      `ERR Can't execute '${command}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context`,
    ),
  monitorTouchesKeys: () => error("ERR Replica can't interact with the keyspace"),
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
  // Redis: strings, hashes, sets, SORT, OBJECT
  outsideRange: (least: bigint, most: bigint) =>
    error(`ERR value is out of range, value must between ${least} and ${most}`),
  incrementOverflow: () => error('ERR increment or decrement would overflow'),
  decrementOverflow: () => error('ERR decrement would overflow'),
  notFinite: () => error('ERR increment would produce NaN or Infinity'),
  incrementNotFinite: () => error('ERR value is NaN or Infinity'),
  stringTooLong: () => error('ERR string exceeds maximum allowed size (proto-max-bulk-len)'),
  offsetOutOfRange: () => error('ERR offset is out of range'),
  invalidBitOffset: () => error('ERR bit offset is not an integer or out of range'),
  invalidBit: () => error('ERR bit is not an integer or out of range'),
  bitArgument: () => error('ERR The bit argument must be 1 or 0.'),
  bitopNotSources: () => error('ERR BITOP NOT must be called with a single source key.'),
  hashValueNotInteger: () => error('ERR hash value is not an integer'),
  hashValueNotFloat: () => error('ERR hash value is not a float'),
  tooManyKeys: () => error("ERR Number of keys can't be greater than number of args"),
  sortOptionInCluster: (option: string) => error(`ERR ${option} option of SORT denied in cluster mode.`),
  scoreNotDouble: () => error("ERR One or more scores can't be converted into double"),
  noAccessFrequency: () =>
    error(
      'ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.',
    ),

  // Redis: DUMP, RESTORE, MIGRATE
  busyKey: () => error('BUSYKEY Target key name already exists.'),
  dumpFooter: () => error('ERR DUMP payload version or checksum are wrong'),
  dumpContent: () => error('ERR Bad data format'),
  invalidTtl: () => error('ERR Invalid TTL value, must be >= 0'),
  invalidIdleTime: () => error('ERR Invalid IDLETIME value, must be >= 0'),
  invalidFrequency: () => error('ERR Invalid FREQ value, must be >= 0 and <= 255'),
  migrateKeysWithKey: () =>
    error('ERR When using MIGRATE KEYS option, the key argument must be set to the empty string'),
  migrateConnect: () => error('IOERR error or timeout connecting to the client'),
  migrateIo: () => error('IOERR error or timeout reading to target instance'),
  migrateTarget: (reply: string) => error(`ERR Target instance replied with error: ${reply}`),

  // Redis: scripts
  numkeysNegative: () => error("ERR Number of keys can't be negative"),
  noScript: () => error('NOSCRIPT No matching script. Please use EVAL.'),
  noScriptRunning: () => error('NOTBUSY No scripts in execution right now.'),
  scriptCompilation: (text: string) => error(`ERR Error compiling script (new function): ${text}`),
  scriptShebang: () => error('ERR Invalid script shebang'),
  scriptEngine: (engine: string) => error(`ERR Unexpected engine in script shebang: ${engine}`),
  scriptShebangOption: (option: string) => error(`ERR Unknown lua shebang option: ${option}`),
  scriptShebangFlag: (flag: string) => error(`ERR Unexpected flag in script shebang: ${flag}`),
  scriptWrites: () => error('ERR Can not execute a script with write flag using *_ro command.'),
  scriptNoCluster: () => error("ERR Can not run script on cluster, 'no-cluster' flag is set."),
  scriptFlushOption: () => error('ERR SCRIPT FLUSH only support SYNC|ASYNC option'),
  scriptDebugMode: () => error('ERR Use SCRIPT DEBUG YES/SYNC/NO'),
  scriptDebugMissing: () => error('ERR The Lua debugger is not available'),
  scriptNoArguments: () => error('ERR Please specify at least one argument for this redis lib call'),
  scriptArgumentTypes: () => error('ERR Lua redis lib command arguments must be strings or integers'),
  scriptUnknownCommand: () => error('ERR Unknown Redis command called from script'),
  scriptArity: () => error('ERR Wrong number of args calling Redis command from script'),
  scriptNotAllowed: () => error('ERR This Redis command is not allowed from script'),
  scriptReadOnly: () => error('ERR Write commands are not allowed from read-only scripts.'),
  scriptForeignKey: () => error('ERR Script attempted to access a non local key in a cluster node'),
  scriptCrossSlot: () => error('ERR Script attempted to access keys that do not hash to the same slot'),
  scriptDepth: () => error('ERR reached lua stack limit'),
  scriptFieldArgument: () => error('ERR wrong number or type of arguments'),
  scriptArgumentCount: () => error('ERR wrong number of arguments'),
  scriptNotPermitted: (reason: string) => error(`ERR The user executing the script ${reason}`),
  scriptAclCommand: () => error('ERR Invalid command passed to redis.acl_check_cmd()'),
  scriptLogArguments: () => error('ERR redis.log() requires two arguments or more.'),
  scriptLogNumber: () => error('ERR First argument must be a number (log level).'),
  scriptLogLevel: () => error('ERR Invalid debug level.'),
  scriptReplicationArguments: () => error('ERR redis.set_repl() requires two arguments.'),
  scriptReplication: () =>
    error('ERR Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE.'),
  scriptProtocolArguments: () => error('ERR redis.setresp() requires one argument.'),
  scriptProtocol: () => error('ERR RESP version must be 2 or 3.'),
  noFunction: () => error('ERR Function not found'),
  noLibrary: () => error('ERR Library not found'),
  functionsMissing: () => error('ERR Functions are not available, scripts are: EVAL and SCRIPT LOAD'),
  functionFlushOption: () => error('ERR FUNCTION FLUSH only supports SYNC|ASYNC option'),
  functionListArgument: (argument: string) => error(`ERR Unknown argument ${argument}`),
  functionListName: () => error('ERR library name argument was not given'),
  functionRestorePolicy: () =>
    error('ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.'),

  // Redis: cluster
  clusterDisabled: () => error('ERR This instance has cluster support disabled'),
  moved: (slot: number, host: string, port: number) => error(`MOVED ${slot} ${host}:${port}`),
  ask: (slot: number, host: string, port: number) => error(`ASK ${slot} ${host}:${port}`),
  crossSlot: () => error("CROSSSLOT Keys in request don't hash to the same slot"),
  tryAgain: () => error('TRYAGAIN Multiple keys request during rehashing of slot'),
  upstreamAway: () => error('CLUSTERDOWN The Redis that has the keys cannot be reached'),
  tooFewReplicas: (acknowledged: number, wanted: number, timeoutMs: number) =>
    error(
      `NOREPLICAS The write was made, but ${acknowledged} replicas instead of ${wanted} acknowledged it within ${timeoutMs} ms`,
    ),
  acknowledgementUnknown: (reason: string) =>
    error(`NOREPLICAS The write was made, but Redis does not say which replicas have it: ${reason}`),
  valueChanged: () => error('TRYAGAIN The value was replaced while it was read'),
  incomplete: () => error('ERR the value took too long to be written and is gone'),
  pieceMissing: (key: string, piece: number, pieces: number) =>
    error(`ERR the value of ${key} is damaged: piece ${piece} of ${pieces} is missing`),
  slotNotServed: () => error('CLUSTERDOWN Hash slot not served'),
  invalidSlot: () => error('ERR Invalid slot'),
  invalidSlotOrCount: () => error('ERR Invalid slot or number of keys'),
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
  tooManyValues: () => error('ERR the tensor has too many elements for VALUES, get its BLOB'),

  // RedisAI: DAGs
  dagMissingArguments: (command: string) => error(`ERR missing arguments for '${command}' command`),
  dagEmpty: () => error('ERR DAG is empty'),
  dagNeedsKeys: () =>
    error(
      'ERR AI.DAGEXECUTE and AI.DAGEXECUTE_RO commands must contain at least one out of ROUTING, LOAD, PERSIST keywords',
    ),
  dagUnexpectedArgument: (arg: string) => error(`ERR Invalid DAG command. Unexpected argument:  ${arg}`),
  dagMissingLoad: () => error('ERR missing arguments after LOAD keyword in DAG command'),
  dagMissingPersist: () => error('ERR missing arguments after PERSIST keyword in DAG command'),
  dagInvalidLoad: () => error('ERR invalid or negative value found in number of keys to LOAD'),
  dagInvalidPersist: () => error('ERR invalid or negative value found in number of keys to PERSIST'),
  dagLoadCount: () =>
    error('ERR number of keys to LOAD into DAG does not match the number of given arguments'),
  dagPersistCount: () =>
    error('ERR number of keys to PERSIST after DAG execution does not match the number of given arguments'),
  dagMissingRouting: () => error('ERR Missing ROUTING value'),
  dagPersistTwice: () => error('ERR PERSIST keys must be unique'),
  dagPersistUnknown: () => error('ERR PERSIST key cannot be found in DAG'),
  dagInputUnknown: () => error('ERR INPUT key cannot be found in DAG'),
  dagPersistReadOnly: () => error('ERR PERSIST cannot be specified in a read-only DAG'),
  dagScriptReadOnly: () => error('ERR AI.SCRIPTEXECUTE command cannot be specified in a read-only DAG'),
  dagUnsupported: () => error('Unsupported command within DAG'),
  dagDeprecatedInside: (command: string) =>
    error(`Deprecated ${command} cannot be used in AI.DAGEXECUTE command`),
  dagCurrentInside: (command: string) => error(`${command} cannot be used in a deprecated AI.DAGRUN command`),
  timeoutInDag: () => error('ERR TIMEOUT not allowed within a DAG command'),

  // RedisAI: scripts
  emptyScriptKey: () => error('ERR script key is empty'),
  unsupportedDevice: () => error('ERR unsupported device'),
  missingEntryPoints: () => error('ERR Insufficient arguments, missing script entry points'),
  entryPointsNotNumeric: () =>
    error('ERR Non numeric entry points number provided to AI.SCRIPTSTORE command'),
  missingSource: () => error('ERR Insufficient arguments, missing script SOURCE'),
  noSuchEntryPoint: (name: string) => error(`Function ${name} does not exist in the given script.`),
  entryPointInputs: (name: string, count: number) =>
    error(`Wrong number of inputs in function ${name}. Expected 3 but was ${count}`),
  entryPointTypes: (name: string) =>
    error(
      `Wrong inputs type in function ${name}. Expected signature similar to: def ${name}(tensors: List[Tensor], keys: List[str], args: List[str])`,
    ),
  scriptOutputCount: (name: string) => error(`Function returned unexpected number of outputs - ${name}`),
  scriptNoTensors: (name: string) => error(`Function returned non-tensor values${name}`),
  scriptInputCount: (name: string) => error(`Wrong number of inputs provided to function: ${name}`),
  scriptTimeout: (ms: number) =>
    error(`ERR the script was cut: it ran longer than MODEL_EXECUTION_TIMEOUT, ${ms} ms`),
  scriptUpstream: () =>
    error('ERR AI commands are not available to redis.execute where a Redis has the keys'),
  scriptUnwanted: () => error('ERR the script was cut: its client is gone'),
  noSuchFunction: (name: string) => error(`Function does not exist: ${name}`),
  scriptScopeTwice: (scope: string) =>
    error(`ERR Already Encountered ${scope} scope in AI.SCRIPTEXECUTE command`),
  scriptScopeFirst: () =>
    error('ERR KEYS or INPUTS scope must be provided first for AI.SCRIPTEXECUTE command'),
  scriptKeysMissing: () => error('ERR Missing arguments after KEYS keyword'),
  scriptKeysInvalid: () => error('ERR Invalid or negative value found in number of KEYS'),
  scriptKeysCount: () =>
    error(
      'ERR Number of pre declared KEYS to be used in the command does not match the number of given arguments',
    ),
  scriptCountInvalid: (scope: string) => error(`ERR Invalid argument for ${scope} count in AI.SCRIPTEXECUTE`),
  scriptCountMismatch: (scope: string) =>
    error(`ERR number of ${scope} to AI.SCRIPTEXECUTE command does not match the number of given arguments`),
  scriptInvalidArguments: () => error('ERR Invalid arguments provided to AI.SCRIPTEXECUTE'),
  scriptUnexpectedArgument: (arg: string) =>
    error(`ERR Invalid AI.SCRIPTEXECUTE command. Unexpected argument: ${arg}`),
  scriptNoTimeoutValue: () => error('ERR No value provided for TIMEOUT in AI.SCRIPTEXECUTE'),
  scriptRunParameter: () => error('ERR Unrecongnized parameter to SCRIPTRUN'),
  scriptRunTwice: (section: string) => error(`ERR Already encountered an ${section} in SCRIPTRUN`),
  variadicTwice: () => error('ERR Already encountered a variable size list of tensors'),
  variadicOutside: () => error('ERR Encountered a variable size list of tensors outside of input section'),

  // RedisAI: models
  emptyModelKey: () => error('ERR model key is empty'),
  unsupportedBackend: () => error('ERR unsupported backend'),
  backendNotLoaded: (backend: string) => error(`ERR Backend not loaded: ${backend}`),
  invalidDevice: () => error('ERR Invalid DEVICE'),
  gpuNotFound: (backend: string) => error(`ERR GPU requested but ${backend} couldn't find CUDA`),
  invalidArgument: (name: string) => error(`ERR Invalid argument for ${name}`),
  minBatchWithoutBatch: () => error('ERR MINBATCHSIZE specified without BATCHSIZE'),
  minBatchTimeoutWithoutMinBatch: () => error('ERR MINBATCHTIMEOUT specified without MINBATCHSIZE'),
  minBatchTimeoutWithoutBatch: () => error('ERR MINBATCHTIMEOUT specified without BATCHSIZE'),
  inputsNotForBackend: () => error('ERR INPUTS argument should not be specified for this backend'),
  missingInputsOutputs: () => error('ERR Insufficient arguments, INPUTS and OUTPUTS not specified'),
  inputsNotForTf: () => error('ERR INPUTS not specified for TF'),
  outputsNotForTf: () => error('ERR OUTPUTS not specified for TF'),
  modelInputsCount: () => error('ERR number of model inputs does not match the number of given arguments'),
  modelOutputsCount: () => error('ERR number of model outputs does not match the number of given arguments'),
  noBatchingTflite: () => error('ERR Auto-batching not supported by the TFLITE backend'),
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
  experimentEmpty: () => error('ERR experiment key is empty'),
  primaryNotSpecified: () => error('ERR PRIMARY not specified'),
  candidatesNotSpecified: () => error('ERR CANDIDATES not specified'),
  invalidCandidateCount: () => error('ERR Invalid argument for candidate_count'),
  candidateCount: (most: number) => error(`ERR Candidate count must be between 1 and ${most}`),
  candidatesMismatch: () => error('ERR number of candidates does not match the number of given arguments'),
  armTwice: (key: string) => error(`ERR model '${key}' is in the experiment twice`),
  armEmpty: (key: string) => error(`ERR model '${key}' of the experiment does not exist`),
  armWrongType: (key: string) => error(`WRONGTYPE '${key}' of the experiment is no model`),
  armCounts: (key: string, inputs: number, outputs: number, primaryInputs: number, primaryOutputs: number) =>
    error(
      `ERR model '${key}' has ${inputs} inputs and ${outputs} outputs, the primary ${primaryInputs} and ${primaryOutputs}`,
    ),
  optionOfMode: (option: string, mode: string) => error(`ERR ${option} is only for MODE ${mode}`),
  noSuchCandidate: (key: string) => error(`ERR model '${key}' is no candidate of the experiment`),
  batchSizeMismatch: () => error('ERR Model did not generate the expected batch size'),
  emptyRunInfo: () => error('ERR cannot find run info for key'),
  /** The text that ONNX Runtime itself gives for a run that was told to stop. */
  executionTimeout: () => error('Exiting due to terminate flag being set to true'),
  executionBusy: () =>
    error('ERR model is set aside: an earlier run is past MODEL_EXECUTION_TIMEOUT and has not ended'),
  queueFull: () => error("BUSY run not allowed when queued runs >= 'max-queue-length'."),
  backendMemoryLimit: (bytes: number, most: number) =>
    error(
      `Onnxruntime memory limit exceeded: the model takes ${bytes} bytes, BACKEND_MEMORY_LIMIT leaves ${most}`,
    ),
  loadTimeout: () => error('ERR loading the model took longer than the load timeout'),
  workerDied: () => error('ERR the worker that ran this model ended unexpectedly'),
  /** A text that comes from inside a backend, newlines flattened to spaces as RedisAI does. */
  backend: (text: string) => error(text.replace(/[\r\n]/g, ' ')),

  // RedisAI: TF graphs
  tfInputNotFound: (name: string) => error(`ERR Input node named "${name}" not found in TF graph.`),
  tfOutputNotFound: (name: string) => error(`ERR Output node named "${name}" not found in TF graph`),
  tfInvalidGraph: () => error('Invalid GraphDef'),
  /** TensorFlow's own texts. */
  tfDuplicateNode: (node: string) => error(`Node '${node}' is not unique`),
  tfUnknownInput: (node: string, name: string) => error(`Node '${node}': Unknown input node '${name}'`),
  tfUnfed: (node: string, dtype: string) =>
    error(`You must feed a value for placeholder tensor '${node}' with dtype ${dtype}`),
  tfUninitialised: (node: string) => error(`ERR TF variable '${node}' has no value: freeze the graph first`),
  tfUnknownFunction: (name: string) => error(`ERR TF function '${name}' is not in the graph's library`),
  tfUnsupported: (op: string, ...others: string[]) =>
    error(`ERR TF ${[op, ...others].join(', ')} ${others.length > 0 ? 'are' : 'is'} not supported`),
  tfNode: (op: string, node: string, reason: string) =>
    error(`ERR TF op '${op}' (node '${node}') cannot be lowered: ${reason}`),
  tfInputType: (name: string, expected: string, dtype: string) =>
    error(`ERR TF input '${name}' is ${expected}, got ${dtype}`),
  tfjsInt64: (name: string, value: bigint) =>
    error(`ERR TF input '${name}' has ${value}, which is no int32, the only integers of TensorFlow.js`),
  tfjsOutputType: (type: string) => error(`ERR TF output is ${type}, which no tensor can hold`),

  // RedisAI: TFLITE models
  tfliteNoModel: () => error('Failed to load model from buffer'),
  tfliteCrash: () => error('ERR TFLITE model ended the process that tried it first'),
  tfliteNoTrial: () => error('ERR TFLITE models cannot be tried: the process for that does not start'),
  tfliteHang: (ms: number) =>
    error(`ERR TFLITE model did not come back within ${ms} ms from the process that tried it first`),
  tfliteInputType: (name: string, expected: string, dtype: string) =>
    error(`ERR TFLITE input '${name}' is ${expected}, got ${dtype}`),
  tfliteInputShape: (name: string, expected: readonly number[], shape: readonly number[]) =>
    error(`ERR TFLITE input '${name}' has the shape [${expected}], got [${shape}]`),
  tfliteFixedShape: () => error('ERR TFLITE inputs have fixed shapes in the WASM runtime'),
  tfliteOutputType: (name: string, type: string) =>
    error(`ERR TFLITE output '${name}' is ${type}, which no tensor can hold`),

  // RedisAI: TORCH archives
  torchArchive: (reason: string) => error(`ERR TORCH archive cannot be read: ${reason}`),
  torchSyntax: (file: string, line: number, reason: string) =>
    error(`ERR TORCH source cannot be read: ${reason} (${file}:${line})`),
  torchUnsupported: (op: string, where: string) => error(`ERR TORCH op '${op}' is not supported (${where})`),
  torchNoForward: (type: string) => error(`ERR TORCH module ${type} has no method forward`),
  torchParameter: (name: string, type: string) =>
    error(`ERR TORCH argument '${name}' of forward is of type ${type}, and only tensors can be given`),
  torchInputDtype: (name: string, expected: string, dtype: string) =>
    error(`ERR TORCH input '${name}' is ${expected}, got ${dtype}`),
  torchInputRank: (name: string, expected: number, rank: number) =>
    error(`ERR TORCH input '${name}' has ${expected} dimensions, got ${rank}`),
  torchInputSize: (name: string, axis: number, expected: string, size: number) =>
    error(`ERR TORCH input '${name}' has to measure ${expected} in dimension ${axis}, got ${size}`),
  torchInputGuard: (guard: string) =>
    error(`ERR TORCH inputs do not fulfil what the program was exported for: ${guard}`),
  torchInputType: (dtype: string) => error(`ERR TORCH has no tensors of ${dtype}`),
  torchOutputs: (expected: number, actual: number) =>
    error(`ERR Expected ${expected} outputs but got ${actual}`),
  torchFailed: (reason: string, where: string) => error(`${reason} (${where})`),

  notInProxiedTransaction: (command: string) =>
    error(`ERR ${command} cannot run within a transaction where a Redis has the keys`),
  runInTransaction: () => error('ERR Cannot run RedisAI command within a transaction or a LUA script'),

  // RedisAI: configuration
  unsupportedSubcommand: () => error('ERR unsupported subcommand'),
  chunkSizeMissing: () => error('ERR MODEL_CHUNK_SIZE: missing chunk size'),
  chunkSizeInvalid: () => error('ERR MODEL_CHUNK_SIZE: invalid chunk size'),
  memoryLimitMissing: () => error('ERR BACKEND_MEMORY_LIMIT: missing memory limit'),
  memoryLimitInvalid: () => error('ERR BACKEND_MEMORY_LIMIT: invalid memory limit'),
  backendsPathMissing: () => error('ERR BACKENDSPATH: missing path argument'),
  errorLoadingBackend: () => error('ERR error loading backend'),
} as const;

function error(message: string): ServerError {
  return new ServerError(message);
}

function fatal(message: string): ServerError {
  return new ServerError(message, true);
}
