import { createHash } from 'node:crypto';
import { errors, ServerError } from '../errors.ts';
import { formatDouble } from '../protocol/float.ts';
import { latin1 } from '../protocol/latin1.ts';
import type { Reply } from '../protocol/reply.ts';
import { REDIS_VERSION } from '../version.ts';
import { type LuaFunction, type LuaState, type LuaTable, lua } from './lua/fengari.ts';
import { argumentCount, newLibrary } from './lua/library.ts';
import { bytesOf, push, setEntry, valueAt } from './lua/values.ts';
import { fieldTable, replyToLua } from './reply-to-lua.ts';
import { callFromScript, isPermitted, type ScriptRun } from './script-call.ts';

/** What `redis` needs of the server. */
export interface ScriptHost {
  /** The script that is running. */
  readonly run: ScriptRun;
  /** @param level 0 to 3: debug, verbose, notice, warning. */
  log(level: number, message: string): void;
}

const LOG_LEVELS = { LOG_DEBUG: 0, LOG_VERBOSE: 1, LOG_NOTICE: 2, LOG_WARNING: 3 };
const REPLICATION = { REPL_NONE: 0, REPL_AOF: 1, REPL_SLAVE: 2, REPL_REPLICA: 2, REPL_ALL: 3 };

/** A version such as 7.0.15 as 0x0007000f. */
function versionNumber(version: string): number {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number);
  return (major << 16) | (minor << 8) | patch;
}

function errorTable(L: LuaState, message: string | Uint8Array): LuaTable {
  const table = fieldTable(L, 'err', message);
  setEntry(L, table, 'ignore_error_stats_update', true);
  return table;
}

function raiseError(L: LuaState, error: ServerError): never {
  push(L, errorTable(L, error.message));
  return lua.lua_error(L);
}

/** The arguments of redis.call: strings as they are, numbers as Redis prints them. */
function commandArguments(L: LuaState): Buffer[] {
  const count = argumentCount(L);
  if (count === 0) throw errors.scriptNoArguments();
  const args: Buffer[] = [];
  for (let i = 1; i <= count; i++) {
    const value = valueAt(L, i);
    if (value instanceof Uint8Array) args.push(Buffer.from(value.buffer, value.byteOffset, value.length));
    else if (typeof value === 'number')
      args.push(Buffer.from(Number.isNaN(value) ? '-nan' : formatDouble(value)));
    else throw errors.scriptArgumentTypes();
  }
  return args;
}

/** redis.call, and redis.pcall that returns what goes wrong. */
function calling(host: ScriptHost, isProtected: boolean): LuaFunction {
  return (L) => {
    let reply: Reply;
    try {
      reply = callFromScript(host.run, commandArguments(L));
    } catch (error) {
      if (!(error instanceof ServerError)) throw error;
      reply = error;
    }
    if (reply instanceof ServerError) {
      if (!isProtected) raiseError(L, reply);
      push(L, errorTable(L, reply.message));
    } else push(L, replyToLua(L, reply, host.run.protocol));
    return 1;
  };
}

/** The table of a simple string or an error; a wrong argument gives an error too, and raises none. */
function oneField(name: 'ok' | 'err', shape: (text: Uint8Array) => Uint8Array): LuaFunction {
  return (L) => {
    const text = valueAt(L, 1);
    if (argumentCount(L) !== 1 || !(text instanceof Uint8Array)) {
      push(L, errorTable(L, errors.scriptFieldArgument().message));
    } else if (name === 'ok') push(L, fieldTable(L, name, shape(text)));
    else push(L, errorTable(L, shape(text)));
    return 1;
  };
}

/** An error begins with its code; ERR where none is given. */
function errorText(text: Uint8Array): Uint8Array {
  const message = latin1(text).replace(/^-/, '');
  return bytesOf(message.includes(' ') ? message : `ERR ${message}`);
}

function nothing(): number {
  return 0;
}

/** The table `redis` of scripts. */
export function redisLibrary(L: LuaState, host: ScriptHost): LuaTable {
  return newLibrary(L, {
    ...LOG_LEVELS,
    ...REPLICATION,
    REDIS_VERSION,
    REDIS_VERSION_NUM: versionNumber(REDIS_VERSION),
    acl_check_cmd(L) {
      try {
        push(L, isPermitted(host.run, commandArguments(L)));
      } catch (error) {
        if (error instanceof ServerError) raiseError(L, error);
        throw error;
      }
      return 1;
    },
    breakpoint(L) {
      push(L, false);
      return 1;
    },
    call: calling(host, false),
    debug: nothing,
    error_reply: oneField('err', errorText),
    log(L) {
      if (argumentCount(L) < 2) raiseError(L, errors.scriptLogArguments());
      const level = lua.lua_tonumberx(L, 1);
      if (level === false) return raiseError(L, errors.scriptLogNumber());
      if (!(level >= 0 && level <= 3)) raiseError(L, errors.scriptLogLevel());
      const parts: string[] = [];
      for (let i = 2; i <= argumentCount(L); i++) {
        const part = lua.lua_tolstring(L, i);
        if (part !== null) parts.push(Buffer.from(part).toString());
      }
      host.log(Math.trunc(level), parts.join(' '));
      return 0;
    },
    pcall: calling(host, true),
    replicate_commands(L) {
      push(L, true);
      return 1;
    },
    set_repl(L) {
      if (argumentCount(L) !== 1) raiseError(L, errors.scriptReplicationArguments());
      const flags = lua.lua_tonumberx(L, 1);
      if (flags === false || (flags & ~REPLICATION.REPL_ALL) !== 0) raiseError(L, errors.scriptReplication());
      return 0;
    },
    setresp(L) {
      if (argumentCount(L) !== 1) raiseError(L, errors.scriptProtocolArguments());
      const protocol = lua.lua_tonumberx(L, 1);
      if (protocol !== 2 && protocol !== 3) return raiseError(L, errors.scriptProtocol());
      host.run.protocol = protocol;
      return 0;
    },
    sha1hex(L) {
      if (argumentCount(L) !== 1) raiseError(L, errors.scriptArgumentCount());
      const text = lua.lua_tolstring(L, 1) ?? new Uint8Array(0);
      push(L, createHash('sha1').update(text).digest('hex'));
      return 1;
    },
    status_reply: oneField('ok', (text) => text),
  });
}
