import { parseArgs } from 'node:util';
import { formatAddress, resolveNode } from '../cli/connection/address.ts';
import { formatBytes } from '../cli/terminal/progress.ts';
import { hex } from '../keyspace/dump/rdb-file-items.ts';
import { backup } from './backup.ts';
import { type RestoreResult, restore, shownKey } from './restore.ts';

const USAGE = `tessera backup <node> <file>     writes all keys of a node that serves to an RDB file
  --force           replaces a file that is there already
tessera restore <file> <node>    puts the keys of an RDB file into a node
  --flush           empties the node first
  --replace         overwrites keys that are there already
<node> is a name from the cluster's file, host:port, or redis(s)://user:password@host:port
  --config FILE     the cluster's file (cluster.config.json)
  --user NAME       with the password in TESSERA_PASSWORD or REDISCLI_AUTH
  --tls             with --cacert FILE, --cert FILE, --key FILE; --insecure takes any certificate
`;

/** Keys that are named when they fail. */
const NAMED_FAILURES = 20;
const FAILED = 1;
const WRONG_USAGE = 2;
const INTERRUPTED = 130;

class UsageError extends Error {}

const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => interruption.abort(new Error('interrupted')));
}
process.exit(await exitCode());

async function exitCode(): Promise<number> {
  try {
    return await run();
  } catch (error) {
    const isUsage = error instanceof UsageError;
    process.stderr.write(`tessera: ${(error as Error).message}\n${isUsage ? `\n${USAGE}` : ''}`);
    if (interruption.signal.aborted) return INTERRUPTED;
    return isUsage ? WRONG_USAGE : FAILED;
  }
}

async function run(): Promise<number> {
  const { values, positionals } = readArguments();
  const [verb, first, second, ...others] = positionals;
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const isRestore = verb === 'restore';
  if (first === undefined || second === undefined || others.length > 0) {
    throw new UsageError(isRestore ? 'restore takes a file and a node' : 'backup takes a node and a file');
  }
  const { force, flush, replace, ...how } = values;
  const address = resolveNode(isRestore ? second : first, { ...how, environment: process.env });
  const common = { node: address, output: process.stderr, signal: interruption.signal };
  const started = performance.now();
  const seconds = () => ((performance.now() - started) / 1000).toFixed(1);
  if (isRestore) {
    const result = await restore({ file: first, flush, replace, ...common });
    return report(result, `${formatAddress(address)} in ${seconds()} s`);
  }
  const { keys, bytes, checksum } = await backup({ file: second, force, ...common });
  const size = `${keys} keys, ${formatBytes(bytes)} (${bytes} bytes)`;
  process.stdout.write(`${second}: ${size} in ${seconds()} s, checksum ${hex(checksum)}\n`);
  return 0;
}

/** Tells what was restored, and gives the exit code: 0 where all that the file has is there, but for what had expired. */
function report({ summary, restored, expired, skipped, failed }: RestoreResult, where: string): number {
  const { bytes, checksum } = summary;
  const size = `${restored} of ${summary.keys} keys, ${formatBytes(bytes)} (${bytes} bytes)`;
  const checked = checksum === 0n ? 'the file has no checksum' : `checksum ${hex(checksum)}`;
  process.stdout.write(`restored ${size} to ${where}, ${checked}\n`);
  if (expired > 0) process.stdout.write(`${expired} keys have expired\n`);
  for (const [what, count] of skipped) process.stdout.write(`skipped ${count} ${what}\n`);
  for (const { key, reason } of failed.slice(0, NAMED_FAILURES)) {
    process.stderr.write(`${shownKey(key)} was refused: ${reason}\n`);
  }
  if (failed.length > 0) process.stderr.write(`tessera: ${failed.length} keys were refused\n`);
  return failed.length > 0 || skipped.size > 0 ? FAILED : 0;
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        config: { type: 'string', default: 'cluster.config.json' },
        user: { type: 'string' },
        tls: { type: 'boolean', default: false },
        cacert: { type: 'string' },
        cert: { type: 'string' },
        key: { type: 'string' },
        insecure: { type: 'boolean', default: false },
        force: { type: 'boolean', default: false },
        flush: { type: 'boolean', default: false },
        replace: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
