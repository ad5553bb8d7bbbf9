// The gate's decision after an iteration: whether its model is kept or rolled back, and whether the run goes on. From measured
// parts alone, so that it is the same whenever it is asked.
import type { GatePartName } from '../../../config/gate-schema.js';
import { pText } from '../../../shared/paired-test.js';
import { numberText } from '../../../shared/signed-text.js';
import { type MetricComparison, verdictOf } from '../metrics.js';

/** An iteration's model, part by part, on the same items as the base and as the model that wrote the iteration's data. */
export interface GateMeasurement {
  againstBase: Readonly<Record<string, MetricComparison>>;
  /** Null where the base itself wrote it. */
  againstWriter: Readonly<Record<string, MetricComparison>> | null;
}

export interface GateVerdict {
  /** False: rolled back. It writes nothing, and what wrote its data goes on. */
  kept: boolean;
  /** Whether its score is above that of the base, 0, and of every model that was kept before. */
  gained: boolean;
  /** Whether a part that is scored is better than the base beyond noise. */
  isCertain: boolean;
  /** Whether the run ends here. */
  stops: boolean;
  /** Mean over parts of the difference from the base in standard errors, more than three of them damped; guards count where
   *  nothing else is measured. To hundredths. */
  score: number;
  /** In sentences. */
  reasons: string[];
}

export interface GateSettings {
  /** Corrected p-value below which a part is worse beyond noise. */
  significance: number;
  /** Iterations in a row without a gain after which the run stops; 0: it never does. */
  patience: number;
  /** Share by which the loss on the seeds may rise before that is worse. */
  lossTolerance: number;
}

/** The seeds were answered by others. A model trained on its own answers finds them less likely, a better one, too. */
const lossPart: GatePartName = 'seed-loss';

/** Parts that tell what has been lost: they can roll a model back, and make none the best while others are measured. */
const guards: readonly GatePartName[] = [lossPart, 'knowledge'];

/** Beyond three standard errors a part is certain. More of it must not outweigh the others, and still has to count, or no
 *  iteration could be better than one that is certain: it adds its logarithm. */
const certainErrors = 3;

/** Half the width of a 95 % interval, in standard errors. */
const halfWidth = 1.96;

/** Of nothing that could be measured nothing follows. */
const nothingMeasured: GateVerdict = {
  ...{ kept: true, gained: false, isCertain: false, stops: false, score: 0 },
  reasons: ['no verdict: nothing could be measured'],
};

/** Whether there was anything to decide by. */
export function isMeasured({ againstBase }: Pick<GateMeasurement, 'againstBase'>): boolean {
  return Object.keys(againstBase).length > 0;
}

/** @param earlier The verdicts of the iterations before, in order. */
export function decide(
  { againstBase, againstWriter }: GateMeasurement,
  earlier: readonly GateVerdict[],
  settings: GateSettings,
): GateVerdict {
  if (!isMeasured({ againstBase })) return nothingMeasured;
  const { patience } = settings;
  const scored = scoredParts(againstBase);
  const score = scoreOf(scored);
  const isCertain = scored.some((part) => verdictOf(part, settings.significance) === 'better');
  const worse = [
    ...worseThan('the base', againstBase, settings),
    ...worseThan('the model that wrote its data', againstWriter ?? {}, settings),
  ];
  const best = Math.max(0, ...earlier.filter(({ kept }) => kept).map((verdict) => verdict.score));
  const kept = worse.length === 0;
  const gained = kept && score > best;
  const without = gained ? 0 : 1 + lastWithoutGain(earlier);
  const stops = patience > 0 && without >= patience;
  const scores = `score ${numberText(score, 2)}, ${best === 0 ? 'the base 0' : `best before ${best.toFixed(2)}`}`;
  const over = { base: isCertain, best: best === 0 || isBeyondBest(againstWriter, earlier, settings) };
  const reasons = [
    ...worse,
    `${gained ? gainInWords(over) : noGainInWords(kept, score > best)}: ${scores}`,
    ...(stops && without > 1 ? [`no gain in ${without} iterations`] : []),
  ];
  return { kept, gained, isCertain, stops, score, reasons };
}

/** Over which of them it is beyond noise. */
function gainInWords(over: { base: boolean; best: boolean }): string {
  if (!over.base) return 'a gain within chance';
  return over.best ? 'a gain' : 'a gain over the base, within chance over the best before';
}

/** @param isHighest Whether its score is above those before. */
function noGainInWords(kept: boolean, isHighest: boolean): string {
  return isHighest && !kept ? 'no gain, since it is rolled back' : 'no gain';
}

/** Whether a part that is scored is better than the best model before, beyond noise: known where that one wrote the data. */
function isBeyondBest(
  againstWriter: GateMeasurement['againstWriter'],
  earlier: readonly GateVerdict[],
  { significance }: GateSettings,
): boolean {
  const isByBest = earlier.findLast(({ kept }) => kept)?.gained === true;
  return isByBest && scoredParts(againstWriter ?? {}).some((part) => verdictOf(part, significance) === 'better');
}

/** The iteration, counted from 1, of the highest score among those kept; null: the base is best. */
export function bestOf(verdicts: readonly GateVerdict[]): number | null {
  const last = verdicts.map(({ gained }) => gained).lastIndexOf(true); // a gain is higher than all before it
  return last < 0 ? null : last + 1;
}

/** How many of the last verdicts had no gain. */
function lastWithoutGain(verdicts: readonly GateVerdict[]): number {
  return verdicts.length - 1 - verdicts.map(({ gained }) => gained).lastIndexOf(true);
}

function scoredParts(parts: GateMeasurement['againstBase']): MetricComparison[] {
  const aims = Object.entries(parts).filter(([name]) => !guards.some((guard) => guard === name));
  return aims.length > 0 ? aims.map(([, part]) => part) : Object.values(parts);
}

function scoreOf(parts: readonly MetricComparison[]): number {
  const errors = parts.map(({ difference, low, high, lowerIsBetter }) => {
    const better = lowerIsBetter ? -difference : difference;
    if (better === 0) return 0;
    return Math.sign(better) * damped((Math.abs(better) * 2 * halfWidth) / (high - low));
  });
  const mean = errors.length === 0 ? 0 : errors.reduce((sum, value) => sum + value, 0) / errors.length;
  return Math.round(mean * 100) / 100 || 0; // as it is told, so that the last bits of a sum make no gain; and no -0
}

/** An interval without width comes of few items that agree, which are no more than certain. */
function damped(errors: number): number {
  if (!Number.isFinite(errors)) return certainErrors;
  return errors <= certainErrors ? errors : certainErrors + Math.log(errors / certainErrors);
}

function worseThan(
  whom: string,
  parts: GateMeasurement['againstBase'],
  { significance, lossTolerance }: GateSettings,
): string[] {
  const isTolerated = (name: string, { value, other }: MetricComparison) =>
    name === lossPart && value <= other * (1 + lossTolerance);
  return Object.entries(parts)
    .filter(([name, part]) => verdictOf(part, significance) === 'worse' && !isTolerated(name, part))
    .map(
      ([name, { other, value, corrected }]) =>
        `worse than ${whom} in ${name}: ${value.toFixed(2)} after ${other.toFixed(2)}, ${pText(corrected)}`,
    );
}
