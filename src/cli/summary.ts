// The end of a run in words: what was made, kept and dropped, and what to do next. Reads RunSummary and nothing else.
import type { IterationSummary, RunSummary, StageName } from '../pipeline/events.js';
import { mergeInWords } from '../pipeline/merging.js';
import { pText } from '../shared/paired-test.js';
import { differenceText, numberText } from '../shared/signed-text.js';
import { isMeasured } from '../stages/evaluate/gate/decide.js';
import { agreementText } from './agreement-text.js';
import { formatCount, formatReasons, formatSeconds, formatUnits, quoted } from './format.js';
import type { Style } from './style.js';
import { chosenText } from './training-text.js';

const labelWidth = 12;

/** About 12 lines an iteration, and what to do next. */
export function formatRunSummary(summary: RunSummary, style: Style): string {
  const iterations = summary.iterations.map((iteration) => iterationBlock(iteration, style).join('\n'));
  return [...iterations, closing(summary, style).join('\n')].join('\n\n');
}

function iterationBlock(it: IterationSummary, style: Style): string[] {
  const { synthesize, respond, filter, assess, select, train } = it;
  const rows: (readonly [string, string])[] = [
    [
      'synthesize',
      `${formatUnits(synthesize.requests, 'requests')}, ${formatCount(synthesize.parsed)} parsed, ` +
        `${formatUnits(synthesize.kept, 'instructions')} kept`,
    ],
    ...droppedRow(synthesize.rejected),
    [
      'respond',
      `${formatUnits(respond.responses, 'responses')}, ${formatUnits(respond.tokens, 'tokens')} (${formatReasons(respond.stopped)})`,
    ],
    ...constraintsRow(respond.constraints),
    ['filter', `${formatCount(filter.passed)} passed`],
    ...droppedRow(filter.rejected),
    ['assess', assessText(assess)],
    ...(assess.agreement ? [['', agreementText(assess.agreement)] as const] : []),
    ...droppedRow(assess.failed, 'not judged'),
    ['select', `${formatCount(select.kept)} kept: ${select.rule}${addedText(select)}`],
    ...droppedRow(select.notKept, 'not kept'),
    ['dataset', diversityText(it.diversity)],
    ...it.diversity.alarms.map((alarm) => ['', style.notable(`since iteration 1, ${alarm}`)] as const),
    ['train', trainedText(train)],
    ['loss', lossText(it)],
    ...seedLossRow(it),
    ...gateRows(it, style),
    ...mergeRows(it, style),
    ['seconds', secondsText(it.seconds)],
  ];
  const title = style.bold(`iteration ${it.iteration}`);
  return [
    `${title}, ${writtenBy(writerText(it.model), it.instructionsBy)}`,
    ...rows.map(([label, text]) => `  ${label.padEnd(labelWidth)}${text}`),
  ];
}

/** Who wrote an iteration's data: the `writer`, of the responses alone where another wrote the instructions. */
export function writtenBy(writer: string, instructionsBy: IterationSummary['instructionsBy']): string {
  return instructionsBy === undefined
    ? `written by ${writer}`
    : `instructions by the ${instructionsBy}, responses by ${writer}`;
}

function writerText(model: IterationSummary['model']): string {
  if (model === 'base') return 'the base';
  return 'endpoint' in model ? `the endpoint's model ${model.endpoint}` : `adapter ${model.adapterSha256.slice(0, 12)}`;
}

function droppedRow(counts: Readonly<Record<string, number>>, word = 'dropped'): (readonly [string, string])[] {
  const reasons = formatReasons(counts);
  return reasons === '' ? [] : [['', `${word}: ${reasons}`]];
}

function constraintsRow(constraints: IterationSummary['respond']['constraints']): (readonly [string, string])[] {
  if (constraints === undefined) return [];
  const { responses, met, metAtFirst } = constraints;
  const of = `of ${formatUnits(responses, 'responses')} to instructions with constraints`;
  return [['constraints', `${formatCount(met)} ${of} met them, ${formatCount(metAtFirst)} at the first attempt`]];
}

function assessText({ assessed, method, why, lengthCorrelation: correlation }: IterationSummary['assess']): string {
  if (method === 'none') return 'nothing judged';
  const length = correlation === null ? '' : `; correlation with length ${numberText(correlation, 2)}`;
  return `${formatUnits(assessed, 'pairs')} by ${method}${why === '' ? '' : `: ${why}`}${length}`;
}

function addedText({ added = 0, hindsight = 0, circles = 0 }: IterationSummary['select']): string {
  return [
    added === 0 ? '' : `; ${formatCount(added)} of earlier iterations added`,
    hindsight === 0 ? '' : `; ${formatCount(hindsight)} made of them in hindsight`,
    circles === 0 ? '' : `; ${formatUnits(circles, 'ends')} of responses that went round in circles`,
  ].join('');
}

function diversityText(it: IterationSummary['diversity']): string {
  return (
    `instructions of ${it.instructionWords} words, responses of ${it.responseWords} (medians); ` +
    `distinct-2 ${it.distinct2.toFixed(3)}, ` +
    `self-similarity ${it.selfSimilarity.toFixed(2)}, topic spread ${it.topicSpread.toFixed(0)}`
  );
}

function trainedText(train: IterationSummary['train']): string {
  const leftOut = [
    train.tooLong > 0 ? `${formatCount(train.tooLong)} too long` : '',
    train.cut > 0 ? `${formatCount(train.cut)} cut by ${formatUnits(train.cutTokens, 'tokens')}` : '',
  ].filter(Boolean);
  return (
    `${formatUnits(train.pairs, 'pairs')} in ${formatUnits(train.steps, 'steps')}, ${formatUnits(train.tokens, 'tokens')}, ` +
    `${formatCount(train.lossTokens)} of them with a loss${leftOut.length > 0 ? ` (${leftOut.join(', ')})` : ''}${chosenText(train)}`
  );
}

function lossText({ train, evaluate }: IterationSummary): string {
  const training = `training ${train.firstLoss.toFixed(3)} → ${train.lastLoss.toFixed(3)}`;
  const { heldOutLossBase: base, heldOutLossAdapter: adapter } = evaluate;
  if (base === null || adapter === null) return `${training}; nothing held out`;
  return `${training}; ${formatUnits(train.heldOut, 'pairs')} held out: ${changeText(base, adapter)}`;
}

/** The set that all iterations share, which decides which of them is best. */
function seedLossRow({ evaluate }: IterationSummary): (readonly [string, string])[] {
  const { seedPairs, seedLossBase: base, seedLossAdapter: adapter } = evaluate;
  if (seedPairs === undefined || base === undefined || adapter === undefined) return [];
  return [['', `${formatUnits(seedPairs, 'seed pairs')}: ${changeText(base, adapter)}`]];
}

/** A line a part, and the verdict. */
function gateRows({ gate }: IterationSummary, style: Style): (readonly [string, string])[] {
  if (gate === undefined) return [];
  const { againstBase, units, leftOut, verdict } = gate;
  const parts = Object.entries(againstBase).map(([name, { other, value, low, high, p, n }]) => {
    const unit = units[name] === '%' ? ' %' : '';
    const digits = unit === '' ? 3 : 1;
    const sign = (difference: number) => differenceText(difference, (size) => size.toFixed(digits));
    const interval = `${sign(low)} to ${sign(high)}, ${pText(p)}`;
    const change = `base ${other.toFixed(digits)} → ${value.toFixed(digits)}${unit}`;
    return `${name}: ${change} (95 % of the difference ${interval}, ${formatUnits(n, 'items')})`;
  });
  const without = Object.entries(leftOut).map(([name, why]) => `${name}: ${why}`);
  const { kept, gained, reasons } = verdict;
  const word = !kept ? style.bad('rolled back') : gained ? style.good('kept, the best so far') : 'kept';
  return [...parts, ...without, `${word}: ${reasons.join('; ')}`].map(
    (text, i) => [i === 0 ? 'gate' : '', text] as const,
  );
}

function mergeRows({ merge }: IterationSummary, style: Style): (readonly [string, string])[] {
  if (merge === undefined) return [];
  const advice = merge.advice === null ? [] : [['', style.notable(merge.advice)] as const];
  return [['merge', mergeInWords(merge)], ...advice];
}

function changeText(base: number, adapter: number): string {
  const share = ((adapter - base) / base) * 100;
  const change = differenceText(share, (size) => `${size.toFixed(1)} %`);
  return `base ${base.toFixed(3)} → adapter ${adapter.toFixed(3)} (${change})`;
}

function secondsText(seconds: IterationSummary['seconds']): string {
  return (Object.entries(seconds) as [StageName, number][])
    .filter(([, value]) => value >= 0.05)
    .map(([stage, value]) => `${stage} ${value < 10 ? value.toFixed(1) : formatCount(value)}`)
    .join(', ');
}

function closing(summary: RunSummary, style: Style): string[] {
  const run = quoted(summary.runDir);
  const best = summary.iterations.find((iteration) => iteration.iteration === summary.best);
  const decided = best?.gate !== undefined && isMeasured(best.gate) ? best.gate.verdict : undefined;
  const chance = decided?.isCertain === false ? '; its gain in the gate is within chance' : '';
  const verdict = best
    ? `${style.good(`best: iteration ${best.iteration}`)}, ${best.train.adapter}${chance}`
    : `${style.notable('best: the base')}; ${whyBase(summary)}`;
  const ended = summary.isEndedByGate ? [`the gate ended the run after iteration ${summary.iterations.length}`] : [];
  const next = best
    ? [
        `isheep generate --model ${quoted(summary.model)} --adapter ${quoted(best.train.adapter)} --prompts FILE`,
        `isheep show dataset --run ${run}`,
      ]
    : [
        `isheep show dataset --run ${run}`,
        `isheep run --instructions N   (more data for each iteration, in a new run)`,
      ];
  return [
    verdict,
    ...ended,
    `done in ${formatSeconds(summary.seconds)}; everything is in ${summary.runDir}:`,
    '  iterations/<t>/adapter.gguf, dataset.jsonl, pairs.jsonl, candidates.jsonl, train.jsonl, evaluation.json',
    `next: ${next[0] ?? ''}`,
    `      ${next[1] ?? ''}`,
  ];
}

function whyBase(summary: RunSummary): string {
  const isGated = summary.iterations.some(({ gate }) => gate !== undefined && isMeasured(gate));
  return isGated ? 'no iteration gained on it in the gate' : `no adapter lowered ${judgedOn(summary)}`;
}

/** What decided: the seed pairs, or the held-out pairs where no seed has an output. */
function judgedOn({ iterations }: RunSummary): string {
  const onSeeds = iterations.some(({ evaluate }) => evaluate.seedLossAdapter !== undefined);
  return onSeeds ? 'the loss on the seed pairs, which all iterations share' : 'the held-out loss';
}
