import { element, nothing, table } from './elements.js';
import { age, bytes, clock, count, difference, duration, percent } from './units.js';

const STAGES = ['queue', 'assembly', 'compute', 'reply'];
const SLOTS = 16_384;

/** @returns {HTMLElement} a bar of where the time of a run goes */
function stagesBar(stagesUs) {
  const total = STAGES.reduce((sum, stage) => sum + stagesUs[stage], 0);
  const parts = STAGES.map((stage, i) => {
    const part = element('span', { class: `c${i + 1}` });
    part.style.width = `${total === 0 ? 0 : (100 * stagesUs[stage]) / total}%`;
    return part;
  });
  const text = STAGES.map((stage) => `${stage} ${duration(stagesUs[stage])}`).join(', ');
  return element('div', { class: 'stages', role: 'img', title: text, 'aria-label': text }, ...parts);
}

/** What the colours of the stages mean. */
function legendOfStages() {
  const keys = STAGES.map((stage, i) => element('span', {}, element('i', { class: `c${i + 1}` }), stage));
  return element('div', { class: 'keys-of-colours' }, ...keys);
}

const failed = (value) => (value > 0 ? element('span', { class: 'failed' }, count(value)) : count(value));

/** Orders of models by what the page calls them, the largest first. Keys decide where that is the same. */
export const ORDERS = {
  'runs/s': ({ runsPerSecond }) => runsPerSecond,
  key: () => 0,
  p99: ({ p99Us }) => p99Us ?? -1,
  waiting: ({ pending }) => pending,
  runs: ({ runs }) => runs,
  failed: ({ failures }) => failures,
  memory: ({ bytes: size }) => size ?? -1,
};

/** @param {object[]} models @param {{ filter: string, order: string, port: number }} choice */
export function modelsView(models, { filter, order, port }) {
  if (models.length === 0) {
    return nothing(
      'Nothing has run here yet. Store a model and run it:',
      element(
        'pre',
        {},
        `npx tessera model push model.onnx mymodel -u 127.0.0.1:${port}\nnpx tessera run mymodel '[[1, 2, 3, 4]]' -u 127.0.0.1:${port}`,
      ),
    );
  }
  const shown = models.filter(({ model }) => model.toLowerCase().includes(filter.toLowerCase()));
  if (shown.length === 0) return nothing(`None of ${models.length} has “${filter}” in its key.`);
  const by = ORDERS[order];
  shown.sort((a, b) => by(b) - by(a) || a.model.localeCompare(b.model));
  const columns = [
    { title: 'Key', kind: 'key' },
    { title: 'Device' },
    ...['Runs/s', 'p50', 'p99', 'Batch', 'Waiting', 'Runs', 'Failed', 'Memory'].map((title) => ({
      title,
      kind: 'number',
    })),
    { title: 'Where the time goes' },
  ];
  const rows = shown.map((model) => [
    model.model,
    model.device,
    ...[count(model.runsPerSecond), duration(model.p50Us), duration(model.p99Us)],
    ...[count(model.batchRows), count(model.pending), count(model.runs), failed(model.failures)],
    bytes(model.bytes),
    stagesBar(model.stagesUs),
  ]);
  return element('div', { class: 'card wide' }, table(columns, rows), legendOfStages());
}

/** What is told of each model of an experiment, by its title. */
const OF_ARMS = [
  ['Role', (arm) => arm.role],
  ['Runs a second', (arm) => count(arm.runsPerSecond)],
  ['Runs', (arm) => count(arm.runs)],
  ['Failed', (arm) => failed(arm.errors)],
  ['Compute p50', (arm) => duration(arm.compute.p50)],
  ['Compute p99', (arm) => duration(arm.compute.p99)],
  ['Latency p50', (arm) => duration(arm.latency.p50)],
  ['Latency p99', (arm) => duration(arm.latency.p99)],
];
const OF_SHADOWED_ARMS = [
  ['Runs compared', ofAgreement(({ compared }) => count(compared))],
  ['Same first choice', ofAgreement(({ top1Match }) => percent(top1Match))],
  ['Largest difference', ofAgreement(({ maxDifference }) => difference(maxDifference))],
  ['Mean difference', ofAgreement(({ meanDifference }) => difference(meanDifference))],
  [
    'Rows over the tolerance',
    ofAgreement(({ rows, rowsOverTolerance }) => (rows === 0 ? '–' : percent(rowsOverTolerance / rows))),
  ],
  ['Runs dropped', (arm) => count(arm.dropped)],
];
const OF_SPLIT_ARMS = [['Weight', (arm) => count(arm.weight)]];

function ofAgreement(text) {
  return ({ agreement }) => (agreement === null || agreement.compared === 0 ? '–' : text(agreement));
}

/** The models of each experiment side by side. */
export function experimentsView(experiments) {
  return experiments.map(({ key, mode, samplePercent, tolerance, since, arms }) => {
    const isShadow = mode === 'SHADOW';
    const about = isShadow
      ? `shadow, ${samplePercent} % of the runs, tolerance ${tolerance}`
      : 'runs are split by weight';
    const lines = [...OF_ARMS, ...(isShadow ? OF_SHADOWED_ARMS : OF_SPLIT_ARMS)];
    const heads = arms.map((arm) => element('th', { scope: 'col', class: 'number' }, arm.key));
    const rows = lines.map(([title, of]) =>
      element(
        'tr',
        {},
        element('th', { scope: 'row' }, title),
        ...arms.map((arm) => element('td', { class: 'number' }, of(arm))),
      ),
    );
    const body = element(
      'table',
      {},
      element('thead', {}, element('tr', {}, element('td', {}), ...heads)),
      element('tbody', {}, ...rows),
    );
    const errors = arms.filter(({ lastError }) => lastError !== null);
    return element(
      'div',
      { class: 'card experiment' },
      element('h3', {}, key),
      element('p', { class: 'quiet' }, `${about}, counted for ${age(Date.now() - since)}`),
      element('div', { class: 'arms', tabindex: '0' }, body),
      ...errors.map((arm) => element('p', { class: 'failed' }, `${arm.key}: ${arm.lastError}`)),
    );
  });
}

/** Where a Redis has the keys: whether it is there. */
export function upstreamView({ address, isThere, changedAt, cachedValues, cachedBytes }) {
  const since = `${isThere ? 'up' : 'down'} for ${age(Date.now() - changedAt)}`;
  const cached = `${count(cachedValues)} values, ${bytes(cachedBytes)} at hand`;
  return element(
    'p',
    {},
    'The keys are in the Redis at ',
    element('code', {}, address),
    `: ${since}, ${cached}.`,
  );
}

export function clusterView(cluster) {
  const bar = element('div', { class: 'slots', role: 'img', 'aria-label': 'Slots by node' });
  cluster.nodes.forEach(({ name, slots }, i) => {
    for (const [from, to] of slots) {
      const part = element('span', { class: `c${(i % 4) + 1}`, title: `${name}: ${from} to ${to}` });
      part.style.left = `${(100 * from) / SLOTS}%`;
      part.style.width = `${(100 * (to - from + 1)) / SLOTS}%`;
      bar.append(part);
    }
  });
  const rows = cluster.nodes.map((node) => {
    const total = node.slots.reduce((sum, [from, to]) => sum + to - from + 1, 0);
    const ranges = node.slots.map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`)).join(', ');
    return [
      node.isSelf ? `${node.name} (this one)` : node.name,
      `${node.host}:${node.port || node.tlsPort}`,
      total.toLocaleString('en'),
      ranges === '' ? 'replica' : ranges,
      pageOf(node),
    ];
  });
  const columns = [
    { title: 'Node', kind: 'key' },
    { title: 'Address' },
    { title: 'Slots', kind: 'number' },
    { title: 'Ranges' },
    { title: 'Page' },
  ];
  return element('div', { class: 'card wide' }, bar, table(columns, rows));
}

function pageOf({ isSelf, http }) {
  if (isSelf) return 'here';
  if (http === null) return '–';
  // One that listens everywhere is reached as this one was.
  const address = http.replace(/^(0\.0\.0\.0|\[::\])(?=:)/, () => location.hostname);
  return element('a', { href: `http://${address}/` }, address);
}

export function devicesView(devices) {
  if (devices.length === 0) return nothing('No device has been used yet.');
  const titles = ['Waiting', 'Busy', 'Stuck', 'Sessions', 'Restarts'];
  const columns = [{ title: 'Device', kind: 'key' }, ...titles.map((title) => ({ title, kind: 'number' }))];
  const rows = devices.map((device) => [
    device.device,
    ...[count(device.queueLength), count(device.busyThreads), failed(device.stuckThreads)],
    ...[count(device.sessions), failed(device.workerRestarts)],
  ]);
  return element('div', { class: 'card wide' }, table(columns, rows));
}

const TYPES = { tensor: 'Tensors', model: 'Models', script: 'Scripts', experiment: 'Experiments' };

export function memoryView(memory, keys) {
  const of = (used, limit) => (limit === 0 ? bytes(used) : `${bytes(used)} of ${bytes(limit)}`);
  const types = Object.entries(keys.byType).filter(([, { keys: number }]) => number > 0);
  const rows = [
    ['Process', '', bytes(memory.rssBytes)],
    ['Keys and values', count(keys.total), of(memory.dataBytes, memory.limitBytes)],
    ...types.map(([type, { keys: number, bytes: size }]) => [
      TYPES[type] ?? `${type.charAt(0).toUpperCase()}${type.slice(1)}s`,
      count(number),
      size > 0 ? bytes(size) : '–',
    ]),
    ['Loaded models', '', of(memory.sessionBytes, memory.sessionLimitBytes)],
    ['Clients', '', bytes(memory.clientBytes)],
  ];
  const columns = [
    { title: 'What', kind: 'key' },
    { title: 'Number', kind: 'number' },
    { title: 'Bytes', kind: 'number' },
  ];
  return element('div', { class: 'card wide' }, table(columns, rows, ''));
}

export function errorsView(errors) {
  if (errors.length === 0) return nothing('None.');
  const items = errors.map((error) =>
    element(
      'li',
      {},
      element('code', { class: 'failed' }, error.message),
      element('div', { class: 'quiet' }, `${clock(error.at)}, ${count(error.count)} times`),
    ),
  );
  return element('ul', { class: 'card list', tabindex: '0' }, ...items);
}

export function slowView(runs) {
  if (runs.length === 0) return nothing('None.');
  const items = runs.map((run) =>
    element(
      'li',
      {},
      element('b', {}, duration(run.totalUs)),
      ` ${run.model} on ${run.device}`,
      element(
        'div',
        { class: 'quiet' },
        `${clock(run.at)}: ${STAGES.map((stage) => `${stage} ${duration(run.stagesUs[stage])}`).join(', ')}`,
      ),
    ),
  );
  return element('ul', { class: 'card list', tabindex: '0' }, ...items);
}
