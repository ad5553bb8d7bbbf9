// What the next chunk asks the model: which demonstrations, which subject, which sampling. Depends on the run's seed, the
// request's number and the chunks before, so that a resume asks the same.
import type { GenerateRequest } from '../../engine/engine.js';
import { deriveSeed, randomStream } from '../../shared/random.js';
import { addUse, countUses, drawDemonstrations, type SeedUses } from './demonstrations.js';
import { taskListGrammar } from './grammar.js';
import { metaPrompt, type MetaPrompt } from './prompts.js';
import type { EarlierChunk, SynthesizeInput } from './synthesize.js';
import { type Subject, TopicPlan } from './topics.js';

export interface AskedRequest {
  generate: GenerateRequest;
  prompt: MetaPrompt;
  demonstrations: string[];
  subject?: Subject;
}

/** `count` requests, numbered on from those of the chunks. */
export function planRequests(input: SynthesizeInput, chunks: readonly EarlierChunk[], count: number): AskedRequest[] {
  const earlier = chunks.flatMap(({ requests }) => requests);
  const uses = input.settings.reusePenalty === 0 ? new Map<string, number>() : countUses(chunks);
  const subjects = earlier.flatMap(({ topic, kind }) =>
    topic === undefined || kind === undefined ? [] : [{ topic, kind }],
  );
  const plan = input.topics && new TopicPlan(input.topics, subjects);
  return Array.from({ length: count }, (_, i) => {
    const asked = planRequest(input, earlier.length + i + 1, uses, plan);
    addUse(uses, asked.demonstrations);
    return asked;
  });
}

function planRequest(
  input: SynthesizeInput,
  number: number,
  uses: SeedUses,
  plan: TopicPlan | undefined,
): AskedRequest {
  const { iteration, seed, settings, quirks } = input;
  const id = `s-${iteration}-${number}`;
  const streamOf = (what: string) => randomStream(deriveSeed(seed, 'synthesize', iteration, id, what));
  const shown = drawDemonstrations(drawable(input), settings, input.measures, uses, streamOf('demonstrations'));
  const subject = plan?.next(streamOf('topic'));
  const prompt = metaPrompt(shown, settings, subject);
  const { temperature, topK, topP, minP, maxTokens } = settings;
  const grammar = settings.constrained && taskListGrammar(prompt.opening, prompt.firstNumber, settings);
  return {
    prompt,
    demonstrations: shown.map((task) => task.id),
    ...(subject && { subject }),
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
