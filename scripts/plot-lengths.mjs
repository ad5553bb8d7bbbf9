// `node scripts/plot-lengths.mjs FIGURES.jsonl OUT.svg`: what `npm run bench -- train-length` printed, as a picture: tokens a
// second and peak memory over the length of a sample, ours and the peer's.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const panel = { width: 330, height: 220, left: 62, top: 40, gap: 100 };
const panels = [
  { metric: 'tokens of whole steps', title: 'tokens a second' },
  { metric: 'peak resident memory', title: 'peak memory, MiB' },
];
const series = [
  { value: 'value', label: () => 'isheep', color: '#1b6ca8' },
  { value: 'peer_value', label: (figure) => figure.peer, color: '#c2571a' },
];

/**
 * @param {object[]} figures the objects that the benchmark prints
 * @returns {string} an SVG
 */
export function drawLengths(figures) {
  const points = figures.flatMap((figure) => {
    const found = /^(.*), length (\d+)$/.exec(figure.metric);
    return found ? [{ ...figure, metric: found[1], length: Number(found[2]) }] : [];
  });
  if (points.length === 0) throw new Error('there is no figure of train-length');
  const width = panel.left + 2 * panel.width + panel.gap + 20;
  const height = panel.top + panel.height + 90;
  const body = panels.map(({ metric, title }, i) => {
    const own = points.filter((point) => point.metric === metric).sort((a, b) => a.length - b.length);
    return drawPanel(own, title, panel.left + i * (panel.width + panel.gap));
  });
  const style = 'font-family="sans-serif" font-size="12" fill="#222"';
  const ground = `<rect width="${width}" height="${height}" fill="#fff"/>`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" ${style}>`,
    ground,
    ...body,
    legend(points, height - 22),
    '</svg>',
    '',
  ].join('\n');
}

function drawPanel(points, title, left) {
  const lengths = [...new Set(points.map(({ length }) => length))];
  const values = points.flatMap((point) => series.map(({ value }) => point[value]).filter((one) => one !== undefined));
  const top = roundUp(Math.max(...values));
  const right = Math.max(...lengths);
  const x = (length) => round(left + (length / right) * panel.width);
  const y = (value) => round(panel.top + panel.height - (value / top) * panel.height);
  const marks = [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const at = y(share * top);
    const line = `<line x1="${left}" x2="${left + panel.width}" y1="${at}" y2="${at}" stroke="#ddd"/>`;
    return `${line}<text x="${left - 6}" y="${at + 4}" text-anchor="end">${round(share * top)}</text>`;
  });
  const below = panel.top + panel.height;
  const apart = 36; // the width of a number
  const labelled = lengths.filter((length, i) => i === 0 || x(length) - x(lengths[i - 1]) >= apart || length === right);
  const ticks = labelled.map(
    (length) => `<text x="${x(length)}" y="${below + 17}" text-anchor="middle">${length}</text>`,
  );
  const lines = series.map(({ value, color }) => {
    const own = points.filter((point) => point[value] !== undefined);
    const path = own.map((point) => `${x(point.length)},${y(point[value])}`).join(' ');
    const dots = own.map((point) => `<circle cx="${x(point.length)}" cy="${y(point[value])}" r="3" fill="${color}"/>`);
    return `<polyline points="${path}" fill="none" stroke="${color}" stroke-width="2"/>${dots.join('')}`;
  });
  const middle = left + panel.width / 2;
  const words =
    `<text x="${middle}" y="24" text-anchor="middle" font-size="14">${title}</text>` +
    `<text x="${middle}" y="${below + 36}" text-anchor="middle">tokens of a sample</text>`;
  return [words, ...marks, ...ticks, ...lines].join('\n');
}

function legend(points, y) {
  const entries = series.flatMap(({ value, label, color }) => {
    const first = points.find((point) => point[value] !== undefined);
    return first ? [{ text: label(first), color }] : [];
  });
  return entries
    .map(({ text, color }, i) => {
      const x = panel.left + i * 120;
      const swatch = `<rect x="${x}" y="${y - 10}" width="12" height="12" fill="${color}"/>`;
      return `${swatch}<text x="${x + 18}" y="${y}">${escaped(text)}</text>`;
    })
    .join('\n');
}

/** The next of 1, 2, 4, 5 or 8 times a power of ten. */
function roundUp(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * [1, 2, 4, 5, 8, 10].find((step) => step * power >= value);
}

function round(value) {
  return Number(value.toFixed(1));
}

function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [from, to] = process.argv.slice(2);
  if (to === undefined) {
    console.error('usage: node scripts/plot-lengths.mjs FIGURES.jsonl OUT.svg');
    process.exitCode = 2;
  } else {
    const lines = readFileSync(from, 'utf8').split('\n');
    const figures = lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
    writeFileSync(to, drawLengths(figures));
  }
}
