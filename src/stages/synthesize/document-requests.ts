// Requests of synthesis from documents: which passage and which demonstrations each one shows.
import { deriveSeed, randomStream, sampleWithoutReplacement } from '../../shared/random.js';
import type { SeedTask } from '../../shared/rows.js';
import { documentTaskGrammar } from './document-grammar.js';
import { documentPrompt } from './document-prompts.js';
import type { Passage } from './load-documents.js';
import type { AskedRequest } from './plan-requests.js';
import type { SynthesizeInput } from './synthesize.js';

/** Of a seed's input that is shown as a text: a word or a number is none. */
const fewestWordsOfText = 12;

type Planned = Pick<SynthesizeInput, 'seeds' | 'iteration' | 'seed' | 'settings' | 'passages'>;

/** Prompt `number` of the iteration, counted from 1. All passages are shown, in random order, before any is shown again. */
export function planDocumentPrompt(input: Planned, number: number): AskedRequest {
  const { seeds, iteration, seed, settings } = input;
  const id = `s-${iteration}-${number}`;
  const passage = passageOf(input, number);
  const random = randomStream(deriveSeed(seed, 'synthesize', iteration, id, 'demonstrations'));
  const shown = sampleWithoutReplacement(seeds.filter(hasText), settings.demonstrations, random);
  const prompt = documentPrompt(shown, passage.text, settings.maxTasks, settings.form);
  const { temperature, topK, topP, minP, maxTokens } = settings;
  const grammar = settings.constrained && documentTaskGrammar(prompt.opening, settings.maxTasks);
  return {
    prompt,
    demonstrations: shown.map((task) => task.id),
    passage,
    generate: {
      id,
      prompt: prompt.prompt,
      maxTokens,
      stop: prompt.stop,
      ...(grammar !== false && { grammar }),
      sampling: { temperature, topK, topP, minP },
      seed: deriveSeed(seed, 'synthesize', iteration, id),
    },
  };
}

function passageOf({ passages = [], seed, iteration }: Planned, number: number): Passage {
  const round = Math.floor((number - 1) / passages.length);
  const random = randomStream(deriveSeed(seed, 'synthesize', iteration, 'passages', round));
  const order = sampleWithoutReplacement(passages, passages.length, random);
  const passage = order[(number - 1) % passages.length];
  if (passage === undefined) throw new Error('synthesis from documents was asked for without passages');
  return passage;
}

function hasText({ input }: SeedTask): boolean {
  return input.trim().split(/\s+/).length >= fewestWordsOfText;
}
