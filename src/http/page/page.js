import { Chart } from './chart.js';
import { byId, element } from './elements.js';
import { age, bytes, count, duration } from './units.js';
import {
  clusterView,
  devicesView,
  errorsView,
  experimentsView,
  memoryView,
  modelsView,
  ORDERS,
  slowView,
  upstreamView,
} from './views.js';

const HISTORY = 300;
/** What only a snapshot has is asked for that often. */
const SNAPSHOT_MS = 5000;
const FOCUSABLE = 'a, [tabindex]';
/** Without an event for so long the stream is broken, whatever the browser thinks of it. */
const SILENCE_MS = 4000;

let snapshot = null;
let samples = [];
let lastEventAt = 0;

const charts = [
  new Chart('Runs a second', [{ name: '', of: (s) => s.runsPerSecond }], count),
  new Chart(
    'Latency of runs',
    [
      { name: 'p50', of: (s) => s.runP50Us },
      { name: 'p99', of: (s) => s.runP99Us },
    ],
    duration,
  ),
  new Chart('Runs that wait', [{ name: '', of: (s) => s.queueLength }], count),
  new Chart('Rows of a batch', [{ name: '', of: (s) => s.batchRows }], count),
  new Chart(
    'Memory',
    [
      { name: 'process', of: (s) => s.rssBytes },
      { name: 'data', of: (s) => s.dataBytes },
    ],
    bytes,
    1024,
  ),
  new Chart(
    'Commands a second',
    [
      { name: 'all', of: (s) => s.commandsPerSecond },
      { name: 'errors', of: (s) => s.errorsPerSecond },
    ],
    count,
  ),
];
byId('charts').append(...charts.map((chart) => chart.element));

const tiles = [
  ['Runs/s', (s) => count(s.runsPerSecond)],
  ['p50', (s) => duration(s.runP50Us)],
  ['p99', (s) => duration(s.runP99Us)],
  ['Waiting', (s) => count(s.queueLength)],
  ['Commands/s', (s) => count(s.commandsPerSecond)],
  ['Errors/s', (s) => count(s.errorsPerSecond)],
  ['Clients', (s) => count(s.clients)],
  ['Memory', (s) => bytes(s.rssBytes)],
  ['CPU cores', (s) => s.cpuCores.toFixed(2)],
  ['Loop delay', (s) => duration(s.eventLoopDelayMs * 1000)],
].map(([title, of]) => {
  const value = element('dd', {}, '–');
  byId('tiles').append(element('div', {}, element('dt', {}, title), value));
  return { value, of };
});

/** Replaces what an element holds, unless somebody is in the midst of selecting it. */
function fill(id, ...children) {
  const target = byId(id);
  const selection = getSelection();
  if (selection !== null && !selection.isCollapsed && selection.containsNode(target, true)) return;
  const scrolled = target.firstElementChild?.scrollTop ?? 0;
  const focused = [...target.querySelectorAll(FOCUSABLE)].indexOf(document.activeElement);
  target.replaceChildren(...children);
  if (scrolled > 0 && target.firstElementChild) target.firstElementChild.scrollTop = scrolled;
  if (focused >= 0) target.querySelectorAll(FOCUSABLE)[focused]?.focus({ preventScroll: true });
}

function showState() {
  const { node, upstream } = snapshot;
  byId('name').textContent = `Tessera ${node.name}`;
  document.title = `${node.name} · Tessera`;
  const where = upstream === null ? 'embedded engine' : `before the Redis at ${upstream.address}`;
  byId('about').textContent =
    `${node.host}:${node.port || node.tlsPort}, ${where}, version ${node.version}, up ${age(Date.now() - node.startedAt)}`;
  const wrong = node.checks.filter(({ ok }) => !ok);
  setBadge(node.ready ? 'ready' : 'not ready', node.ready ? 'good' : 'bad');
  notice(wrong.map(({ name, detail = '' }) => `Not ${name}: ${detail}.`).join(' '));
}

function setBadge(text, kind) {
  const badge = byId('state');
  if (badge.textContent !== text) badge.textContent = text;
  badge.className = `badge ${kind}`;
}

function notice(text) {
  const place = byId('notice');
  place.hidden = text === '';
  if (place.textContent !== text) place.textContent = text;
}

function showModels() {
  const { models, node } = snapshot;
  const filter = byId('filter').value;
  byId('choice').hidden = models.length < 2 && filter === '';
  fill('models', modelsView(models, { filter, order: byId('order').value, port: node.port }));
}

function showChanging() {
  showModels();
  byId('experiments-part').hidden = snapshot.experiments.length === 0;
  fill('experiments', ...experimentsView(snapshot.experiments));
  fill('devices', devicesView(snapshot.devices));
  fill('memory', memoryView(snapshot.memory, snapshot.keys));
}

function showSamples() {
  const last = samples.at(-1);
  if (last === undefined) return;
  for (const { value, of } of tiles) value.textContent = of(last);
  for (const chart of charts) chart.draw(samples);
}

function showAll() {
  showState();
  showSamples();
  showChanging();
  const { cluster, upstream, errors, slowRuns } = snapshot;
  byId('cluster-part').hidden = cluster === null && upstream === null;
  fill(
    'cluster',
    ...(upstream === null ? [] : [upstreamView(upstream)]),
    ...(cluster === null ? [] : [clusterView(cluster)]),
  );
  fill('errors', errorsView(errors));
  fill('slow', slowView(slowRuns));
}

async function takeSnapshot() {
  const reply = await fetch('/api/snapshot', { signal: AbortSignal.timeout(SNAPSHOT_MS) });
  if (!reply.ok) throw new Error(`the node answers ${reply.status}`);
  snapshot = await reply.json();
  samples = [...snapshot.history];
  showAll();
}

function takeEvent({ sample, ready, ...changing }) {
  lastEventAt = Date.now();
  if (snapshot === null) return;
  Object.assign(snapshot, changing);
  if (sample.at > (samples.at(-1)?.at ?? 0)) samples.push(sample);
  if (samples.length > HISTORY) samples.shift();
  if (ready !== snapshot.node.ready) void takeSnapshot().catch(lost);
  showSamples();
  showChanging();
}

function lost() {
  setBadge('no connection', 'bad');
  notice(
    'The node does not answer. What you see is what it was; this page goes on by itself when the node is back.',
  );
}

const stream = new EventSource('/api/events');
stream.addEventListener('open', () => void takeSnapshot().catch(lost));
stream.addEventListener('sample', ({ data }) => takeEvent(JSON.parse(data)));
stream.addEventListener('error', lost);
setInterval(() => {
  if (lastEventAt > 0 && Date.now() - lastEventAt > SILENCE_MS) lost();
  else if (stream.readyState === EventSource.OPEN) void takeSnapshot().catch(lost);
}, SNAPSHOT_MS);

byId('order').append(...Object.keys(ORDERS).map((order) => element('option', {}, order)));
for (const id of ['filter', 'order']) {
  byId(id).addEventListener('input', () => snapshot !== null && showModels());
}

const THEMES = ['system', 'light', 'dark'];
let theme = keptTheme();

function keptTheme() {
  try {
    const kept = localStorage.getItem('theme');
    return THEMES.includes(kept) ? kept : 'system';
  } catch {
    // The browser lets pages keep nothing.
    return 'system';
  }
}

function showTheme() {
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  byId('theme').textContent = `Theme: ${theme}`;
}

showTheme();
byId('theme').addEventListener('click', () => {
  theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
  showTheme();
  try {
    localStorage.setItem('theme', theme);
  } catch {
    // It holds until the page is closed.
  }
});
