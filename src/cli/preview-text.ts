// A preview in words: each pair with what the filters and the judge say of it, what was rejected before, and what comes next.
import type { Config } from '../config/schema.js';
import type { Origin, Preview, PreviewedPair } from '../pipeline/preview.js';
import type { Assessment, Candidate, Verdict } from '../shared/rows.js';
import { formatCount, formatReasons, formatSeconds, formatUnits } from './format.js';
import type { Style } from './style.js';

/** Characters of a text that are shown. */
const shownOfInstruction = 300;
const shownOfInput = 160;
const shownOfResponse = 400;
const shownOfRejected = 100;
/** Rejected candidates that are listed. */
const listedRejected = 10;

const labelWidth = 13;

export function previewText(preview: Preview, config: Config, style: Style): string {
  const pairs = preview.pairs.map((pair, i) => pairBlock(pair, i + 1, style));
  return [...pairs, ...rejectedBlock(preview, style), closing(preview, config, style)].join('\n\n');
}

function pairBlock(pair: PreviewedPair, number: number, style: Style): string {
  const response = pair.response === '' ? style.notable('none') : shortened(pair.response, shownOfResponse);
  const rejection = rejectionOf(pair.verdicts);
  const rows: [string, string][] = [
    ['instruction', shortened(pair.instruction, shownOfInstruction)],
    ...(pair.input === '' ? [] : [['input', shortened(pair.input, shownOfInput)] as [string, string]]),
    ['response', response],
    ...(rejection === undefined ? [] : [['rejected', style.bad(rejection)] as [string, string]]),
    ...(pair.assessment === undefined ? [] : [['assessment', assessmentText(pair.assessment)] as [string, string]]),
  ];
  const lines = rows.map(([label, text]) => `  ${label.padEnd(labelWidth)}${text}`);
  return [`${style.bold(`${number}`)}  ${pair.id}, ${originText(pair.origin)}`, ...lines].join('\n');
}

function originText({ own, passage, request }: Origin): string {
  if (own !== undefined) return `your own, ${typeof own === 'number' ? `line ${own}` : own}`;
  if (passage !== undefined) return `written on passage ${passage.number} of ${passage.file}`;
  return `written by request ${request ?? '?'}`;
}

function assessmentText(assessment: Assessment): string {
  if ('rank' in assessment) return `rank ${assessment.rank.toFixed(2)}`;
  if (assessment.quality === null) return `none: ${assessment.reason}`;
  return `quality ${assessment.quality.toFixed(1)}, following ${assessment.following.toFixed(1)}`;
}

function rejectedBlock({ rejected }: Preview, style: Style): string[] {
  if (rejected.length === 0) return [];
  const lines = rejected.slice(0, listedRejected).map((candidate) => `  ${rejectedLine(candidate, style)}`);
  const more = rejected.length - lines.length;
  const rest = more > 0 ? [`  and ${formatCount(more)} more`] : [];
  return [[style.bold('rejected before they got a response'), ...lines, ...rest].join('\n')];
}

function rejectedLine({ verdicts, instruction }: Candidate, style: Style): string {
  return `${style.bad(rejectionOf(verdicts) ?? '')}: ${shortened(instruction, shownOfRejected)}`;
}

function rejectionOf(verdicts: readonly Verdict[]): string | undefined {
  const rejection = verdicts.find(({ rejected }) => rejected);
  return rejection && (rejection.reason ?? rejection.filter);
}

function closing(preview: Preview, config: Config, style: Style): string {
  const { requests, unparsed, seconds, notes, pairs } = preview;
  const notRead = formatReasons(unparsed);
  const made =
    `${formatUnits(pairs.length, 'pairs')} from ${formatUnits(requests, 'requests')}` +
    `${notRead === '' ? '' : ` (not read: ${notRead})`}; ` +
    `synthesize ${formatSeconds(seconds.synthesize)}, respond ${formatSeconds(seconds.respond)}, ` +
    `assess ${formatSeconds(seconds.assess)}`;
  const { instructions, iterations } = config;
  const next =
    `nothing was written; without --preview the run makes ${formatUnits(instructions, 'instructions')} in each of ` +
    `${formatUnits(iterations, 'iterations')} and trains on the best; isheep plan tells what that takes`;
  return [made, ...notes.map((note) => `note: ${note}`), `${style.bold('hint:')} ${next}`].join('\n');
}

/** On one line, with an ellipsis where something is left out. */
function shortened(text: string, length: number): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length <= length ? line : `${line.slice(0, length - 1).trimEnd()}…`;
}
