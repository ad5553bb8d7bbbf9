// What the next chunk asks the model: which demonstrations, which topic, which sampling. Depends on the run's seed, the
// request's number and the chunks before, so that a resume asks the same.
import type { GenerateRequest } from '../../engine/engine.js';
import { deriveSeed, randomStream } from '../../shared/random.js';
import { addUse, countUses, drawDemonstrations, type SeedUses } from './demonstrations.js';
import { taskListGrammar } from './grammar.js';
import type { Passage } from './load-documents.js';
import { metaPrompt, type MetaPrompt } from './prompts.js';
import type { EarlierChunk, SynthesizeInput } from './synthesize.js';
import { TopicPlan, topicsOfSeeds } from './topics.js';

export interface AskedRequest {
  generate: GenerateRequest;
  prompt: Pick<MetaPrompt, 'text' | 'opening'>;
  demonstrations: string[];
  /** What the first new task is to be about. */
  topic?: string;
  /** What the tasks are about; absent where the model makes up all of them. */
  passage?: Passage;
}

/** The texts of prompt `number`: the same request, each with an id and a random stream of its own. */
export function textsOfPrompt(
  { iteration, seed, settings: { textsPerPrompt } }: Pick<SynthesizeInput, 'iteration' | 'seed' | 'settings'>,
  prompt: AskedRequest,
  number: number,
): AskedRequest[] {
  return Array.from({ length: textsPerPrompt }, (_, i) => {
    const id = `s-${iteration}-${(number - 1) * textsPerPrompt + i + 1}`;
    return { ...prompt, generate: { ...prompt.generate, id, seed: deriveSeed(seed, 'synthesize', iteration, id) } };
  });
}

/** `count` prompts, numbered on from those of the chunks. */
export function planPrompts(input: SynthesizeInput, chunks: readonly EarlierChunk[], count: number): AskedRequest[] {
  const { textsPerPrompt, reusePenalty } = input.settings;
  const earlier = chunks.flatMap(({ requests }) => requests).filter((_, i) => i % textsPerPrompt === 0);
  const uses = reusePenalty === 0 ? new Map<string, number>() : countUses(chunks, textsPerPrompt);
  const topics = input.topics && {
    plan: new TopicPlan(
      input.topics,
      earlier.flatMap(({ topic }) => topic ?? []),
    ),
    ofSeeds: topicsOfSeeds(input.seeds),
  };
  return Array.from({ length: count }, (_, i) => {
    const asked = planPrompt(input, earlier.length + i + 1, uses, topics);
    addUse(uses, asked.demonstrations);
    return asked;
  });
}

function planPrompt(
  input: SynthesizeInput,
  number: number,
  uses: SeedUses,
  topics: { plan: TopicPlan; ofSeeds: ReadonlyMap<string, string> } | undefined,
): AskedRequest {
  const { iteration, seed, settings, quirks } = input;
  const id = `s-${iteration}-${number}`;
  const streamOf = (what: string) => randomStream(deriveSeed(seed, 'synthesize', iteration, id, what));
  const shown = drawDemonstrations(drawable(input), settings, input.measures, uses, streamOf('demonstrations'));
  const topic = topics?.plan.next(streamOf('topic'));
  const promptTopics =
    topic === undefined ? undefined : { wanted: topic, shown: shown.map((task) => topics?.ofSeeds.get(task.id) ?? '') };
  const prompt = metaPrompt(shown, settings, promptTopics);
  const { temperature, topK, topP, minP, maxTokens } = settings;
  const grammar =
    settings.constrained && taskListGrammar(prompt.opening, prompt.firstNumber, settings, topics !== undefined);
  return {
    prompt,
    demonstrations: shown.map((task) => task.id),
    ...(topic !== undefined && { topic }),
    generate: {
      id,
      prompt: prompt.prompt,
      maxTokens,
      stop: quirks.stop17 ? [...prompt.stop, '17'] : prompt.stop,
      ...(grammar !== false && { grammar }),
      sampling: { temperature, topK, topP, minP },
      seed: deriveSeed(seed, 'synthesize', iteration, id),
    },
  };
}

/** The seeds that can be shown: with outputs shown, those that have one. */
export function drawable({ seeds, settings }: Pick<SynthesizeInput, 'seeds' | 'settings'>): SynthesizeInput['seeds'] {
  return settings.showOutputs ? seeds.filter(({ output }) => output.trim() !== '') : seeds;
}
