import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import type { CommandTable } from '../commands/table.ts';
import { asLatin1, shown } from '../protocol/latin1.ts';
import { hasSpaces } from './key-patterns.ts';
import { RuleError } from './rule-error.ts';
import { joinSelectors } from './rule-list.ts';
import { User } from './user.ts';

/** Hashes of passwords can be tried out, so nobody else reads the file. */
const FILE_MODE = 0o600;

/** A file of users that cannot be used; the message is all that Redis would say of it. */
export class AclFileError extends Error {}

/**
 * Reads users, one a line: `user name rule ..`.
 * @throws AclFileError naming every bad line.
 */
export function readAclFile(path: string, table: CommandTable): Map<string, User> {
  let text: string;
  try {
    text = readFileSync(path, 'latin1');
  } catch (error) {
    throw new AclFileError(`Error loading ACLs, opening file '${path}': ${reasonOf(error)}`);
  }
  return parseUsers(text, path, table);
}

/**
 * Reads users from a text, one a line.
 * @param origin where it comes from, for the error.
 * @throws AclFileError naming every bad line.
 */
export function parseUsers(text: string, origin: string, table: CommandTable): Map<string, User> {
  const users = new Map<string, User>();
  let problems = '';
  text.split('\n').forEach((raw, index) => {
    const line = raw.replace(/^[ \t\r]+|[ \t\r]+$/g, '');
    if (line !== '') problems += readLine(line, `${asLatin1(origin)}:${index + 1}`, index + 1, users, table);
  });
  if (problems !== '') {
    const warning =
      'WARNING: ACL errors detected, no change to the previously active ACL rules was performed';
    throw new AclFileError(shown(problems) + warning);
  }
  return users;
}

/** Adds the line's user; the answer is what is wrong with it, in Redis's words. */
function readLine(
  line: string,
  place: string,
  number: number,
  users: Map<string, User>,
  table: CommandTable,
) {
  const [keyword, name, ...pieces] = line.split(' ');
  if (keyword !== 'user' || name === undefined) {
    return `${place} should start with user keyword followed by the username. `;
  }
  if (hasSpaces(name)) return `'${place}: username '${name}' contains invalid characters. `;
  if (users.has(name)) return `WARNING: Duplicate user '${name}' found on line ${number}. `;
  const joined = joinSelectors(pieces);
  if ('unclosed' in joined) return `${place}: Unmatched parenthesis in selector definition.`;
  const user = new User(name, table);
  users.set(name, user);
  let problems = '';
  let told = false;
  for (const rule of joined.rules.map((text) => text.replace(/^[\t\r]+|[\t\r]+$/g, ''))) {
    try {
      user.apply(rule);
    } catch (error) {
      if (!(error instanceof RuleError)) throw error;
      // Only an unknown name is shown: any other rule may hold a password, and the first one may make others fail.
      if (error.unknownName)
        problems += `${place}: Error in applying operation '${rule}': ${error.message}. `;
      else if (!told) problems += `${place}: ${error.message}. `;
      told ||= !error.unknownName;
    }
  }
  return problems;
}

/** The users as `parseUsers` reads them. */
export function describeUsers(users: Iterable<User>): string {
  return [...users].map((user) => `user ${user.name} ${user.describe()}\n`).join('');
}

/** Writes the users so that the file is either the old one or the new one, whole. @throws the system's error. */
export function writeAclFile(path: string, users: Iterable<User>): void {
  const text = describeUsers(users);
  const temporary = `${path}.tmp-${process.pid}-${Date.now()}`;
  try {
    const file = openSync(temporary, 'wx', FILE_MODE);
    try {
      writeSync(file, Buffer.from(text, 'latin1'));
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** The system's reason as C's strerror has it; Node gives it a code in front and the path behind. */
function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const reasons: Record<string, string> = {
    ENOENT: 'No such file or directory',
    EACCES: 'Permission denied',
    EISDIR: 'Is a directory',
  };
  return reasons[code ?? ''] ?? message;
}
