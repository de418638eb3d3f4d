import { execFileSync } from 'node:child_process';

function works(command: string, ...args: string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore', timeout: 20_000 });
    return true;
  } catch {
    return false;
  }
}

function find(what: string, candidates: readonly string[], ...args: string[]): string | undefined {
  const found = candidates.find((command) => works(command, ...args));
  if (found === undefined) console.warn(`skipped: tests with ${what}, which is not installed here`);
  return found;
}

/** The redis-cli of this machine; undefined, with the reason printed, where there is none. */
export function findRedisCli(): string | undefined {
  return find('redis-cli', ['redis-cli'], '--version');
}

/** A Python that has redis-py: Debian's package installs it for /usr/bin/python3 only. Undefined, with the reason printed, without. */
export function findPythonRedis(): string | undefined {
  return find('redis-py', ['/usr/bin/python3', 'python3'], '-c', 'import redis.cluster');
}

/** The redis-benchmark of this machine, as for redis-cli. */
export function findRedisBenchmark(): string | undefined {
  return find('redis-benchmark', ['redis-benchmark'], '--version');
}
