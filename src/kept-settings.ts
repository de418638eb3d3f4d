import { parseUsers } from './access/acl-file.ts';
import { hashPassword } from './access/passwords.ts';
import { SETTINGS } from './commands/server/config/settings.ts';
import type { NodeContext } from './node-context.ts';
import { asLatin1 } from './protocol/latin1.ts';

const SETTING = 'config:';
const USERS = 'users';

interface Kept {
  readonly value: string;
  /** What the command line or the file said at that time. */
  readonly configured: string;
}

interface KeptUsers {
  /** One a line, as in a file of users. */
  readonly text: string;
  /** Hash of `requirepass` at that time. */
  readonly requirepass: string;
}

/**
 * Keeps what CONFIG SET and ACL change with the keys of the node, so that it outlasts a restart. The latest word counts: once the command
 * line or the configuration file says something else than it did then, that counts again. Users are not kept where there is a file of them.
 */
export class KeptSettings {
  #node!: NodeContext;
  /** What the command line, the file or the default say, by name. */
  readonly #configured = new Map<string, string>();

  /**
   * Puts what is kept into effect: once, before anything else here, with the node as it is configured.
   * @throws Error where the users that are kept cannot be used.
   */
  restore(node: NodeContext): void {
    this.#node = node;
    for (const [name, setting] of Object.entries(SETTINGS)) {
      if (setting.write !== undefined) this.#configured.set(name, setting.read(node));
    }
    const { persistence, log } = node;
    for (const [id, bytes] of persistence?.settings ?? []) {
      if (!id.startsWith(SETTING)) continue;
      const name = id.slice(SETTING.length);
      const kept = JSON.parse(Buffer.from(bytes).toString()) as Kept;
      const configured = this.#configured.get(name);
      if (kept.configured !== configured) {
        log.info(`${name}: what CONFIG SET put is dropped, the configuration has changed since`);
        persistence?.putSetting(id, undefined);
        continue;
      }
      try {
        this.#apply(name, kept.value);
      } catch (error) {
        log.warn({ err: error }, `${name}: what CONFIG SET put can no longer be used`);
      }
    }
    this.#restoreUsers();
  }

  /** To be called after a setting was changed. */
  keep(name: string): void {
    const { persistence } = this.#node;
    const configured = this.#configured.get(name);
    const value = SETTINGS[name]?.read(this.#node);
    if (persistence === null || configured === undefined || value === undefined) return;
    const kept: Kept = { value, configured };
    persistence.putSetting(
      SETTING + name,
      value === configured ? undefined : Buffer.from(JSON.stringify(kept)),
    );
    if (name === 'requirepass' && persistence.settings.has(USERS)) this.keepUsers();
  }

  /** To be called after users were changed. */
  keepUsers(): void {
    const { persistence, access } = this.#node;
    if (persistence === null || access.aclfile !== '') return;
    const kept: KeptUsers = { text: access.describe(), requirepass: hashOf(access) };
    persistence.putSetting(USERS, Buffer.from(JSON.stringify(kept)));
  }

  #apply(name: string, value: string): void {
    const setting = SETTINGS[name];
    if (setting?.write === undefined) throw new Error('there is no such setting');
    if (setting.read(this.#node) === value) return;
    const put = setting.restore ?? setting.write;
    put(this.#node, value);
    setting.commit?.(this.#node);
  }

  #restoreUsers(): void {
    const { persistence, access, commands, log } = this.#node;
    const bytes = persistence?.settings.get(USERS);
    if (bytes === undefined || access.aclfile !== '') return;
    const kept = JSON.parse(Buffer.from(bytes).toString()) as KeptUsers;
    try {
      access.replaceUsers(parseUsers(kept.text, 'kept users', commands));
    } catch (error) {
      // With rules that are not understood nobody may come in by accident.
      throw new Error(`the users in the data folder cannot be used: ${(error as Error).message}`);
    }
    if (kept.requirepass !== hashOf(access)) access.applyRequirepass();
    log.info(`${access.users().length} users from the data folder`);
  }
}

function hashOf({ requirepass }: NodeContext['access']): string {
  return hashPassword(asLatin1(requirepass));
}
