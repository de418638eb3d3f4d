import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import { seconds } from '../arguments.ts';
import { formatAddress } from '../connection/address.ts';
import type { ClusterClient } from '../connection/cluster-client.ts';
import { addConnectionOptions, type ConnectionFlags } from '../connection/options.ts';
import { withClient } from '../connection/with-client.ts';
import { type OutputFlags, print } from '../terminal/output.ts';
import { Screen } from '../terminal/screen.ts';
import { Sampler } from '../top/sampler.ts';
import { type Summary, summarize } from '../top/summary.ts';
import { viewLines } from '../top/view.ts';

interface TopFlags extends ConnectionFlags, OutputFlags {
  readonly interval: number;
  readonly once: boolean;
}

const HISTORY = 120;
const PLAIN_WIDTH = 120;
const QUIT_KEYS = new Set(['q', 'escape', 'ctrl+c']);
const SCROLL_KEYS: Readonly<Record<string, number>> = {
  up: -1,
  k: -1,
  down: 1,
  j: 1,
  pageup: -10,
  pagedown: 10,
};

export function addTop(program: Command): void {
  addConnectionOptions(
    program
      .command('top')
      .description('shows live what all nodes and models do')
      .option('-i, --interval <s>', 'seconds between readings', seconds(0.2, 60), 2)
      .option('-1, --once', 'print one reading as text, as where standard output is no terminal', false)
      .option('--json', 'print one reading as JSON', false)
      .addHelpText(
        'after',
        `
Keys: q quits, the arrow keys scroll through the models.
p50 and p99 are of the runs since the reading before, from the queue to the
reply, to about a factor of 1.4. BATCH is the rows of a batch on average,
PENDING the runs that wait or are under way.

Examples:
  $ tessera top -u 127.0.0.1:7000
  $ tessera top --once --interval 10
`,
      ),
  ).action((flags: TopFlags) =>
    withClient(flags, async (client) => {
      const isLive = process.stdout.isTTY && !flags.once && !flags.json;
      if (isLive) await live(client, flags.interval);
      else await once(client, flags);
    }),
  );
}

async function once(client: ClusterClient, flags: TopFlags): Promise<void> {
  const sampler = new Sampler(client);
  const before = await sampler.read();
  await delay(flags.interval * 1000);
  const summary = summarize(before, await sampler.read());
  print(flags, summary, () =>
    viewLines(summary, {
      width: process.stdout.columns || PLAIN_WIDTH,
      height: undefined,
      ...{ history: [], scrolled: 0, footer: '' },
      heading: headingOf(client, summary, flags.interval),
    }),
  );
}

/** Until a key ends it. */
async function live(client: ClusterClient, interval: number): Promise<void> {
  const sampler = new Sampler(client);
  let before = await sampler.read();
  let summary: Summary = summarize(before, before);
  const history: number[] = [];
  let scrolled = 0;
  const quit = Promise.withResolvers<'quit'>();
  const draw = () =>
    screen.draw(
      viewLines(summary, {
        ...{ width: screen.width, height: screen.height, history, scrolled },
        heading: headingOf(client, summary, interval),
        footer: 'q quits',
      }),
    );
  const screen = new Screen({
    resized: draw,
    key(key) {
      if (QUIT_KEYS.has(key)) quit.resolve('quit');
      scrolled = Math.min(
        Math.max(0, scrolled + (SCROLL_KEYS[key] ?? 0)),
        Math.max(0, summary.models.length - 1),
      );
      draw();
    },
  });
  const next = async () => {
    await delay(interval * 1000, undefined, { ref: false });
    return sampler.read();
  };
  try {
    for (;;) {
      draw();
      // Not only between readings: a node may hang.
      const after = await Promise.race([quit.promise, next()]);
      if (after === 'quit') return;
      summary = summarize(before, after);
      before = after;
      history.push(summary.total.callsPerSecond);
      if (history.length > HISTORY) history.shift();
    }
  } finally {
    screen.close();
  }
}

function headingOf(client: ClusterClient, { nodes, lost }: Summary, interval: number): string {
  const count = nodes.length + lost.length;
  const time = new Date().toTimeString().slice(0, 8);
  return `tessera top  ${formatAddress(client.seed.address)}  ${count} ${count === 1 ? 'node' : 'nodes'}  every ${interval} s  ${time}`;
}
