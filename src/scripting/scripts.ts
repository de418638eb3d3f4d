import { createHash } from 'node:crypto';
import slotOf from 'cluster-key-slot';
import type { CommandContext } from '../commands/command.ts';
import { errors, ServerError } from '../errors.ts';
import type { Logger } from '../observability/log.ts';
import type { Reply } from '../protocol/reply.ts';
import { LuaMachine, type Thrown } from './lua/machine.ts';
import type { LuaValue } from './lua/values.ts';
import { luaToReply } from './lua-to-reply.ts';
import { redisLibrary } from './redis-library.ts';
import type { ScriptRun } from './script-call.ts';
import { parseScript, type ScriptFlags } from './script-source.ts';

/** A script that was compiled. */
export interface Script {
  /** SHA1 of the source, 40 lower-case hexadecimal digits: its name. */
  readonly sha: string;
  readonly flags: ScriptFlags;
  readonly compiled: LuaValue;
}

const LOG_METHODS = ['debug', 'debug', 'info', 'warn'] as const;

/** A node's scripts: what was loaded stays compiled, until SCRIPT FLUSH, and runs in one Lua machine, one script at a time. */
export class Scripts {
  readonly #log: Logger;
  readonly #scripts = new Map<string, Script>();
  #machine: LuaMachine | null = null;
  #run: ScriptRun | null = null;

  constructor(log: Logger) {
    this.#log = log;
  }

  find(sha: string): Script | undefined {
    return this.#scripts.get(sha);
  }

  /**
   * The script with that source, compiled now if it is new.
   * @throws ServerError that says where it is wrong.
   */
  load(source: Uint8Array): Script {
    const sha = createHash('sha1').update(source).digest('hex');
    const known = this.#scripts.get(sha);
    if (known !== undefined) return known;
    const { flags, body } = parseScript(source);
    const compiled = this.#lua().compile(body);
    if ('wrong' in compiled) throw errors.scriptCompilation(compiled.wrong);
    const script = { sha, flags, compiled: compiled.script };
    this.#scripts.set(sha, script);
    return script;
  }

  /** Forgets all scripts, and what they have set in their libraries. */
  flush(): void {
    this.#scripts.clear();
    this.#machine = null;
  }

  /**
   * Runs a script.
   * @param readOnly whether the command allows no writes.
   * @throws ServerError where it may not run, or with the error that it ended with.
   */
  run(
    script: Script,
    context: CommandContext,
    keys: readonly Uint8Array[],
    args: readonly Uint8Array[],
    readOnly: boolean,
  ): Reply {
    const { node } = context;
    const { flags } = script;
    checkFlags(flags, context, readOnly);
    const first = keys[0];
    const run: ScriptRun = {
      context: { ...context, inTransaction: true, inScript: true },
      readOnly: readOnly || flags.noWrites,
      allowCrossSlotKeys: !flags.declared || flags.allowCrossSlotKeys,
      slot: first === undefined || node.slots === null ? -1 : slotOf(Buffer.from(first)),
      mayExceedMemory: flags.allowOom,
      hasWritten: false,
      protocol: 2,
    };
    this.#run = run;
    try {
      const outcome = this.#lua().run(script.compiled, keys, args, node.config.luaTimeLimitMs);
      if ('thrown' in outcome) throw new ServerError(errorText(outcome.thrown, script));
      return luaToReply(outcome.value, run.protocol);
    } finally {
      this.#run = null;
    }
  }

  #lua(): LuaMachine {
    this.#machine ??= new LuaMachine((L) => {
      const current = () => this.#run as ScriptRun;
      return redisLibrary(L, {
        get run() {
          return current();
        },
        log: (level, message) => this.#log[LOG_METHODS[level] ?? 'info']({ script: true }, message),
      });
    });
    return this.#machine;
  }
}

/** @throws ServerError where the script's first line forbids it to run now. */
function checkFlags(flags: ScriptFlags, { node }: CommandContext, readOnly: boolean): void {
  if (!flags.declared) return;
  if (!flags.noWrites) {
    const diskError = node.persistence?.error;
    if (node.memory.full && !flags.allowOom) throw errors.outOfMemory();
    if (diskError != null) throw errors.misconf(diskError.message);
  }
  if (flags.noCluster && node.slots !== null) throw errors.scriptNoCluster();
  if (readOnly && !flags.noWrites) throw errors.scriptWrites();
}

function errorText({ message, source, line }: Thrown, { sha }: Script): string {
  return source === undefined ? message : `${message} script: ${sha}, on ${source}:${line}.`;
}
