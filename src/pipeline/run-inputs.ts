// The files that a run starts from: seeds, and where there are any, a person's own instructions and documents. All of them
// are read before any work, and all that is wrong with them is told at once.
import { namedFilters } from '../config/filters.js';
import { givenFormSettings, givenSeedSettings } from '../config/list-settings.js';
import type { Config } from '../config/schema.js';
import { checkChatTemplate } from '../engine/chat-template.js';
import type { LanguageModel } from '../engine/engine.js';
import { attemptAll } from '../shared/attempt-all.js';
import type { SeedTask } from '../shared/rows.js';
import { loadPassages, type Passage } from '../stages/synthesize/load-documents.js';
import { loadOwnInstructions, type OwnInstruction } from '../stages/synthesize/load-own.js';
import { loadSeeds } from '../shared/load-seeds.js';
import { refuseNoOutputs, type SynthesizeInput } from '../stages/synthesize/synthesize.js';
import { loadTopics, type Topic } from '../stages/synthesize/topics.js';
import { candidateScreen, loadEvaluation, type LoadedEvaluation } from './screens.js';

export interface RunInputs {
  seeds: readonly SeedTask[];
  /** Empty without own.instructions. */
  ownInstructions: readonly OwnInstruction[];
  /** Empty without own.documents. */
  passages: readonly Passage[];
  /** The plan that synthesize.topics names; undefined where it is off. */
  topics: readonly Topic[] | undefined;
  /** Undefined without filter.evaluationFiles. */
  evaluation: LoadedEvaluation | undefined;
}

/** Throws `bad-input` with what is wrong with each file, one a line, the chat template's included. */
export function loadInputs(
  config: Pick<Config, 'seeds' | 'own' | 'filter' | 'synthesize' | 'chatTemplate'>,
): RunInputs {
  const { own, filter, synthesize } = config;
  const documents = own.documents ?? [];
  const [seeds, ownInstructions, passages, topics, evaluation] = attemptAll(
    () => loadSeeds(config.seeds),
    () => (own.instructions === undefined ? [] : loadOwnInstructions(own.instructions)),
    () => attemptAll(...documents.map((file) => () => loadPassages(file))).flat(),
    () => loadTopics(synthesize.topics),
    () => loadEvaluation({ filter }),
    () => checkChatTemplate(config.chatTemplate),
  );
  refuseNoOutputs(seeds, synthesize);
  return { seeds, ownInstructions, passages, topics, evaluation };
}

/** What synthesis works with in every iteration; the screens are fresh, and `settings.method` is what "auto" comes to with
 *  this model. */
export function synthesisInputs(
  config: Config,
  { seeds, ownInstructions, passages, topics, evaluation }: RunInputs,
  model: Pick<LanguageModel, 'writesUserTurns'>,
): Pick<SynthesizeInput, 'seeds' | 'seed' | 'settings' | 'quirks' | 'screen' | 'own' | 'passages' | 'topics'> {
  const { filter, quirks, seed } = config;
  const settings = { ...config.synthesize, method: synthesisMethod(config, model) };
  const screenOf = (rules: Config['filter']['rules']) =>
    candidateScreen({ config: { filter: { ...filter, rules }, synthesize: settings, quirks }, seeds, evaluation });
  // A person may ask what a seed asks.
  const ownRules = namedFilters(filter.rules ?? ['default']).filter((rule) => rule !== 'novelty');
  return {
    seeds,
    seed,
    settings,
    quirks,
    topics,
    screen: screenOf(filter.rules),
    ...(ownInstructions.length > 0 && { own: { instructions: ownInstructions, screen: screenOf(ownRules) } }),
    passages,
  };
}

/** "auto" gives up what a person says of seeds for nothing: who names some, or says how they are shown, has them shown, and
 *  who has turns begin with theirs gets turns. */
export function synthesisMethod(
  config: Config,
  { writesUserTurns = false }: Pick<LanguageModel, 'writesUserTurns'>,
): Config['synthesize']['method'] {
  const { begun = 0, method } = config.synthesize;
  if (method !== 'auto') return method;
  if (writesUserTurns && begun > 0) return 'turn';
  const speaksOfSeeds =
    config.seeds !== undefined || givenSeedSettings(config).length > 0 || givenFormSettings(config).length > 0;
  return writesUserTurns && !speaksOfSeeds ? 'turn' : 'seeds';
}
