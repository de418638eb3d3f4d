import type { ClientSession } from '../client-session.ts';
import type { Command } from '../commands/command.ts';
import type { CommandTable } from '../commands/table.ts';
import { errors } from '../errors.ts';
import { asLatin1 } from '../protocol/latin1.ts';
import type { Arguments } from '../protocol/request-reader.ts';
import { describeUsers, readAclFile, writeAclFile } from './acl-file.ts';
import { type DenialEntry, DenialLog } from './denial-log.ts';
import type { Denial } from './selector.ts';
import { User } from './user.ts';

export interface AccessOptions {
  /** Password of the default user; empty or absent for none. */
  readonly requirepass?: string | undefined;
  /** File of users, read at the start and by ACL LOAD. Its default user replaces `requirepass`, as in Redis. */
  readonly aclfile?: string | undefined;
  /** Whether only this machine may connect while the default user has no password; true where absent. */
  readonly protectedMode?: boolean | undefined;
}

const DEFAULT_USER = 'default';
/** What the default user may do when nobody says otherwise: everything. */
const DEFAULT_RULES = ['on', 'nopass', 'allkeys', 'allchannels', 'allcommands'];

/** The users, who is logged in as whom, and what they may do. Names and passwords have one character a byte. */
export class AccessControl {
  readonly log = new DenialLog();
  readonly aclfile: string;
  readonly #table: CommandTable;
  readonly #clients: ReadonlyMap<number, ClientSession>;
  readonly #users = new Map<string, User>();
  /** One object for good: LOAD and SETUSER change it in place. */
  readonly defaultUser: User;
  protectedMode: boolean;
  /** Password for the default user, as ordinary text; '' for none. `applyRequirepass` puts it into effect. */
  requirepass: string;

  /** @throws AclFileError when there is a file and it cannot be used. */
  constructor(table: CommandTable, clients: ReadonlyMap<number, ClientSession>, options: AccessOptions = {}) {
    this.#table = table;
    this.#clients = clients;
    this.protectedMode = options.protectedMode ?? true;
    this.aclfile = options.aclfile ?? '';
    this.defaultUser = this.#freshDefaultUser();
    this.#users.set(DEFAULT_USER, this.defaultUser);
    this.requirepass = options.requirepass ?? '';
    this.applyRequirepass();
    if (this.aclfile !== '') this.replaceUsers(readAclFile(this.aclfile, table));
  }

  /** Makes `requirepass` the default user's only password. */
  applyRequirepass(): void {
    this.defaultUser.apply('resetpass');
    this.defaultUser.apply(this.requirepass === '' ? 'nopass' : `>${asLatin1(this.requirepass)}`);
  }

  /** Whether a new connection may do anything without a password. */
  get open(): boolean {
    return this.defaultUser.enabled && this.defaultUser.anyPassword;
  }

  /** The users, sorted by name. */
  users(): User[] {
    return [...this.#users.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  find(name: string): User | undefined {
    return this.#users.get(name);
  }

  /** A user to try rules on; `put` makes them count. */
  draft(name: string): User {
    return this.#users.get(name)?.clone() ?? new User(name, this.#table);
  }

  /** Creates the draft's user, or changes the one of that name in place. */
  put(draft: User): void {
    const known = this.#users.get(draft.name);
    if (known === undefined) this.#users.set(draft.name, draft);
    else known.become(draft);
  }

  /** Whether there was such a user. Their connections are closed. */
  delete(name: string, current: ClientSession): boolean {
    const user = this.#users.get(name);
    if (user === undefined || user === this.defaultUser) return false;
    this.#users.delete(name);
    this.#closeConnectionsOf(new Set([user]), current);
    return true;
  }

  /**
   * Puts the file's users in place of all others; connections of all but the default user are closed, as in Redis.
   * @throws AclFileError with nothing changed.
   */
  load(current: ClientSession): void {
    const users = readAclFile(this.aclfile, this.#table);
    const gone = new Set(this.#users.values());
    gone.delete(this.defaultUser);
    this.replaceUsers(users);
    this.#closeConnectionsOf(gone, current);
  }

  /** Writes all users to the file. @throws the system's error. */
  save(): void {
    writeAclFile(this.aclfile, this.users());
  }

  /** All users as a file of users has them. */
  describe(): string {
    return describeUsers(this.users());
  }

  /** The state of a connection that has not said who it is. */
  logout(client: ClientSession): void {
    client.user = this.defaultUser;
    client.authenticated = this.open;
  }

  /** @throws ServerError WRONGPASS; the refusal is logged with `attempt`, the command's name. */
  login(client: ClientSession, username: string, password: string, attempt: string): void {
    const user = this.#users.get(username);
    if (user?.accepts(password) !== true) {
      this.log.add(
        { reason: 'auth', context: contextOf(client), object: attempt, username },
        client.describe(),
      );
      throw errors.wrongPass();
    }
    client.user = user;
    client.authenticated = true;
  }

  /** Whether the client has to log in before anything else. */
  mustLogIn(client: ClientSession): boolean {
    return !client.authenticated && !this.open;
  }

  /**
   * Checks that the client has logged in where it has to, and may run the command with these arguments.
   * @throws ServerError NOAUTH or NOPERM.
   */
  admit(client: ClientSession, command: Command, args: Arguments): void {
    if (this.mustLogIn(client) && !command.flags.includes('no_auth')) throw errors.noAuth();
    const denial = client.user.check(command, args);
    if (denial === null) return;
    this.#record(client, denial, contextOf(client));
    if (denial.reason === 'command') throw errors.noCommandPermission(denial.object);
    throw denial.reason === 'key' ? errors.noKeyPermission() : errors.noChannelPermission();
  }

  /**
   * Checks a queued command again before EXEC runs it: rules may have changed since.
   * @throws ServerError NOPERM.
   */
  admitQueued(client: ClientSession, command: Command, args: Arguments): void {
    const denial = client.user.check(command, args);
    if (denial === null) return;
    this.#record(client, denial, 'multi');
    throw errors.noLongerPermitted(EXEC_REASONS[denial.reason]);
  }

  /**
   * Checks a command that a script of the client runs.
   * @throws ServerError with Redis's text.
   */
  admitFromScript(client: ClientSession, command: Command, args: Arguments): void {
    const denial = client.user.check(command, args);
    if (denial === null) return;
    this.#record(client, denial, 'lua');
    throw errors.scriptNotPermitted(SCRIPT_REASONS[denial.reason]);
  }

  #record(client: ClientSession, denial: Denial, context: DenialEntry['context']): void {
    const { reason, object } = denial;
    this.log.add({ reason, context, object, username: client.user.name }, client.describe());
  }

  #freshDefaultUser(): User {
    const user = new User(DEFAULT_USER, this.#table);
    for (const rule of DEFAULT_RULES) user.apply(rule);
    return user;
  }

  /** Puts these users in place of all others; without a default user among them that one is as it is at first. */
  replaceUsers(users: ReadonlyMap<string, User>): void {
    this.defaultUser.become(users.get(DEFAULT_USER) ?? this.#freshDefaultUser());
    this.#users.clear();
    for (const [name, user] of users) this.#users.set(name, user);
    this.#users.set(DEFAULT_USER, this.defaultUser);
  }

  #closeConnectionsOf(users: ReadonlySet<User>, current: ClientSession): void {
    for (const client of this.#clients.values()) {
      if (!users.has(client.user)) continue;
      // What such a client still has under way must not run as somebody who is no more.
      client.user = this.defaultUser;
      client.authenticated = false;
      if (client !== current) client.kill();
      else {
        client.closing = true;
        setImmediate(() => client.closeAfterReplies());
      }
    }
  }
}

const SCRIPT_REASONS: Record<Denial['reason'], string> = {
  command: "can't run this command or subcommand",
  key: "can't access at least one of the keys mentioned in the command arguments",
  channel: "can't publish to the channel mentioned in the command",
};

const EXEC_REASONS: Record<Denial['reason'], string> = {
  command: 'no permission to execute the command or subcommand',
  key: 'no permission to touch the specified keys',
  channel: 'no permission to access one of the channels used as arguments to the command',
};

function contextOf(client: ClientSession): 'toplevel' | 'multi' {
  return client.transaction === null ? 'toplevel' : 'multi';
}
