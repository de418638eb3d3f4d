import type { Sample } from './samples.ts';

interface Line {
  readonly label: string;
  readonly color: string;
  readonly value: (sample: Sample) => number;
}

interface Panel {
  readonly title: string;
  readonly lines: readonly Line[];
}

const PANELS: readonly Panel[] = [
  {
    title: 'memory, MB',
    lines: [
      { label: 'RSS', color: '#c0392b', value: ({ rssBytes }) => rssBytes / 1e6 },
      { label: 'JavaScript heap', color: '#2980b9', value: ({ heapBytes }) => heapBytes / 1e6 },
      { label: 'data', color: '#27ae60', value: ({ usedBytes }) => usedBytes / 1e6 },
    ],
  },
  {
    title: 'latency, ms',
    lines: [
      { label: 'p99', color: '#c0392b', value: ({ p99Us }) => p99Us / 1000 },
      { label: 'p50', color: '#2980b9', value: ({ p50Us }) => p50Us / 1000 },
    ],
  },
  {
    title: 'longest PING of each second, ms',
    lines: [{ label: 'event loop', color: '#8e44ad', value: ({ loopDelayUs }) => loopDelayUs / 1000 }],
  },
  {
    title: 'operations a second',
    lines: [{ label: 'operations', color: '#27ae60', value: ({ operations }) => operations }],
  },
];

const WIDTH = 900;
const PANEL_HEIGHT = 150;
const GAP = 44;
const LEFT = 60;
const RIGHT = 20;
const MOST_POINTS = 300;

/** The samples over time as an SVG picture, one panel for each kind of figure. */
export function chart(title: string, samples: readonly Sample[]): string {
  const height = PANELS.length * (PANEL_HEIGHT + GAP) + 40;
  const seconds = samples.at(-1)?.second ?? 1;
  const panels = PANELS.map((panel, i) => drawPanel(panel, samples, seconds, 50 + i * (PANEL_HEIGHT + GAP)));
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" font-family="sans-serif" font-size="12">
<rect width="100%" height="100%" fill="white"/>
<text x="${LEFT}" y="20" font-size="14">${title.replace(/[<&]/g, '')}</text>
${panels.join('\n')}
</svg>
`;
}

function drawPanel(
  { title, lines }: Panel,
  samples: readonly Sample[],
  seconds: number,
  top: number,
): string {
  const bottom = top + PANEL_HEIGHT;
  const most = Math.max(1e-3, ...lines.flatMap(({ value }) => samples.map(value)));
  const step = Math.max(1, Math.ceil(samples.length / MOST_POINTS));
  const x = (second: number) => LEFT + (second / seconds) * (WIDTH - LEFT - RIGHT);
  const y = (value: number) => bottom - (value / most) * PANEL_HEIGHT;
  const drawn = lines.map(({ color, value }) => {
    // Of several seconds in one point the highest: peaks are what one looks for.
    const points: string[] = [];
    for (let i = 0; i < samples.length; i += step) {
      const group = samples.slice(i, i + step);
      const second = (group[0] as Sample).second;
      points.push(`${x(second).toFixed(1)},${y(Math.max(...group.map(value))).toFixed(1)}`);
    }
    return `<polyline fill="none" stroke="${color}" points="${points.join(' ')}"/>`;
  });
  const legend = lines.map(
    ({ label, color }, i) =>
      `<text x="${LEFT + 260 + i * 130}" y="${top - 6}" fill="${color}">${label}</text>`,
  );
  return [
    `<text x="${LEFT}" y="${top - 6}">${title}</text>`,
    ...legend,
    `<path d="M${LEFT} ${top}V${bottom}H${WIDTH - RIGHT}" fill="none" stroke="#888"/>`,
    `<text x="${LEFT - 6}" y="${top + 10}" text-anchor="end">${most.toPrecision(3)}</text>`,
    `<text x="${LEFT - 6}" y="${bottom}" text-anchor="end">0</text>`,
    `<text x="${WIDTH - RIGHT}" y="${bottom + 14}" text-anchor="end">${seconds} s</text>`,
    ...drawn,
  ].join('\n');
}
