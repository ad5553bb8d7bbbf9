// The screens of a run: the filters of its configuration, for candidates and for pairs, with what they compare with.
import { createHash } from 'node:crypto';

import type { Config } from '../config/schema.js';
import type { SeedTask } from '../shared/rows.js';
import { EvaluationIndex } from '../stages/filter/evaluation-index.js';
import { loadEvaluationTexts } from '../stages/filter/load-evaluation.js';
import { createScreen, type Screen } from '../stages/filter/screen.js';
import { localScreen } from '../stages/synthesize/local-screen.js';
import type { CandidateScreen } from '../stages/synthesize/synthesize.js';

/** As GPT-3's training data was checked (arXiv 2005.14165, appendix C). */
const defaultNgram = 13;

/** What filters need beside the configuration. */
export interface ScreenInput {
  config: Pick<Config, 'filter' | 'synthesize' | 'quirks'>;
  seeds: readonly SeedTask[];
  /** Undefined where no evaluation files are given. */
  evaluation?: LoadedEvaluation | undefined;
}

/** A fresh one: it remembers what it accepts. */
export function candidateScreen({ config, seeds, evaluation }: ScreenInput): CandidateScreen {
  const { rules } = config.filter;
  const { novelty } = config.synthesize;
  const index = evaluation?.index;
  const fresh = () => createScreen({ rules, appliesTo: 'candidate', novelty, against: seeds, evaluation: index });
  return config.quirks.localNovelty ? localScreen(fresh) : fresh();
}

export function pairScreen({ config, evaluation }: Omit<ScreenInput, 'seeds'>): Screen {
  const { rules } = config.filter;
  return createScreen({ rules, appliesTo: 'pair', novelty: config.synthesize.novelty, evaluation: evaluation?.index });
}

/** Reads the evaluation files; throws `bad-input` with all of their problems. Undefined where none are given. */
export function loadEvaluation({ filter }: Pick<Config, 'filter'>): LoadedEvaluation | undefined {
  if (filter.evaluationFiles === undefined) return undefined;
  const texts = loadEvaluationTexts(filter.evaluationFiles);
  const index = new EvaluationIndex(texts, filter.contaminationNgram ?? defaultNgram);
  return { index, identity: { sha256: hashTexts(texts), texts: texts.length } };
}

/** Without the texts, so that a run does not keep them in memory. */
export interface LoadedEvaluation {
  index: EvaluationIndex;
  /** As a run is known by it: what the files hold, in their order. */
  identity: { sha256: string; texts: number };
}

/** Text by text: as one JSON text, they may be longer than a string can be. */
function hashTexts(texts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const text of texts) hash.update(`${text.length}:${text}`);
  return hash.digest('hex');
}
