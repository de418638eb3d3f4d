import { element } from './elements.js';
import { age } from './units.js';

const SVG = 'http://www.w3.org/2000/svg';
const MOST_SECONDS = 300;
/** Of a node that has just started there is less to show, and less of an empty chart. */
const LEAST_SECONDS = 60;
const HEIGHT = 100;

/** Lines over the last minutes, five at most. A pointer, or the arrow keys, show the values of a moment. */
export class Chart {
  #series;
  #format;
  #thousand;
  #samples = [];
  #shown = null;
  #seconds = LEAST_SECONDS;
  #svg;
  #oldest;
  #paths;
  #cursor;
  #legends;
  #top;
  #newest;
  element;

  /**
   * @param {string} title
   * @param {{ name: string, of: (sample: object) => number | null }[]} series
   * @param {(value: number | null) => string} format
   * @param {number} thousand of the units: 1024 where they are KiB, MiB
   */
  constructor(title, series, format, thousand = 1000) {
    this.#series = series;
    this.#thousand = thousand;
    this.#format = format;
    const svg = document.createElementNS(SVG, 'svg');
    this.#svg = svg;
    svg.setAttribute('preserveAspectRatio', 'none');
    svg.setAttribute('aria-hidden', 'true');
    const path = (name) => {
      const made = document.createElementNS(SVG, 'path');
      made.setAttribute('class', name);
      svg.append(made);
      return made;
    };
    path('grid').setAttribute(
      'd',
      `M0 0.5H${MOST_SECONDS}M0 ${HEIGHT / 2}H${MOST_SECONDS}M0 ${HEIGHT - 0.5}H${MOST_SECONDS}`,
    );
    this.#cursor = path('cursor');
    this.#paths = series.map((_, i) => path(`c${i + 1}`));
    this.#legends = series.map((_, i) => element('span', { class: `legend c${i + 1}` }));
    this.#top = element('span', { class: 'top' });
    this.#newest = element('span', { class: 'newest' }, 'now');
    this.#oldest = element('span', { class: 'oldest' });
    const plot = element(
      'div',
      { class: 'plot', tabindex: '0', role: 'img', 'aria-label': title },
      ...[svg, this.#top, this.#oldest, this.#newest],
    );
    this.element = element(
      'figure',
      { class: 'chart card' },
      element('figcaption', {}, element('b', {}, title), ...this.#legends),
      plot,
    );
    plot.addEventListener('pointermove', ({ clientX }) => {
      const { left, width } = plot.getBoundingClientRect();
      this.#show(Math.round(((clientX - left) / width) * (this.#seconds - 1)));
    });
    for (const end of ['pointerleave', 'blur']) plot.addEventListener(end, () => this.#show(null));
    plot.addEventListener('keydown', ({ key }) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[key];
      if (step !== undefined) this.#show((this.#shown ?? this.#seconds - 1) + step);
    });
    this.draw([]);
  }

  /** @param {object[]} samples one a second, oldest first */
  draw(samples) {
    this.#samples = samples.slice(-MOST_SECONDS);
    this.#seconds = Math.max(LEAST_SECONDS, this.#samples.length);
    this.#svg.setAttribute('viewBox', `0 0 ${this.#seconds - 1} ${HEIGHT}`);
    this.#oldest.textContent = `${age(this.#seconds * 1000)} ago`;
    const values = this.#series.map(({ of }) => this.#samples.map(of));
    const largest = niceCeiling(Math.max(0, ...values.flat().map((value) => value ?? 0)), this.#thousand);
    this.#top.textContent = largest === 0 ? '' : this.#format(largest);
    const first = this.#seconds - this.#samples.length;
    values.forEach((line, i) => {
      this.#paths[i].setAttribute('d', lineOf(line, first, largest));
    });
    this.#label();
  }

  #show(at) {
    this.#shown = at === null ? null : Math.min(this.#seconds - 1, Math.max(0, at));
    this.#cursor.setAttribute('d', this.#shown === null ? '' : `M${this.#shown} 0V${HEIGHT}`);
    this.#label();
  }

  #label() {
    const at = this.#shown ?? this.#seconds - 1;
    const sample = this.#samples[at - (this.#seconds - this.#samples.length)];
    this.#series.forEach(({ name, of }, i) => {
      const value = sample === undefined ? null : of(sample);
      this.#legends[i].textContent = `${name} ${this.#format(value)}`.trim();
    });
    this.#newest.textContent = this.#shown === null ? 'now' : `${age((this.#seconds - 1 - at) * 1000)} ago`;
  }
}

function lineOf(values, first, largest) {
  let text = '';
  let isDown = false;
  values.forEach((value, i) => {
    if (value === null || value === undefined) {
      isDown = false;
      return;
    }
    const y = largest === 0 ? HEIGHT - 1 : HEIGHT - 1 - (value / largest) * (HEIGHT - 2);
    // A single second between seconds without a value is a dot.
    const isAlone = !isDown && (values[i + 1] ?? null) === null;
    text += isDown ? `L${first + i} ${y.toFixed(1)}` : `M${first + i - (isAlone ? 0.8 : 0)} ${y.toFixed(1)}`;
    if (isAlone) text += 'h1.6';
    isDown = true;
  });
  return text;
}

/** The next of 1, 2, 5, 10, 20 .. of its unit, so that the scale does not change every second. */
function niceCeiling(value, thousand) {
  if (value <= 0) return 0;
  const unit = thousand ** Math.floor(Math.log(value) / Math.log(thousand));
  const power = unit * 10 ** Math.floor(Math.log10(value / unit));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= value) ?? 10 * power;
}
