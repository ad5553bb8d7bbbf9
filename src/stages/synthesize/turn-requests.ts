// Requests that show nothing: the chat template is opened where a user's words stand, and a model that was trained on
// conversations writes them (Magpie, arXiv 2406.08464). A share of them is begun with the first words of a seed, since
// what a small model says of itself is nearly all of one kind.
import { deriveSeed, randomStream } from '../../shared/random.js';
import type { StopReason } from '../../shared/rows.js';
import { isCutOff } from '../../shared/stop-reason.js';
import type { ParsedTasks } from './parse-tasks.js';
import type { AskedRequest } from './plan-requests.js';
import type { SynthesizeInput } from './synthesize.js';

/** `synthesize.begun` where it is not given: SmolLM2's turns then have 230 beginnings instead of 24 (docs/experiments.md). */
const defaultBegun = 0.75;

/** Prompt `number` of the iteration, counted from 1. */
export function planTurnPrompt(
  { iteration, seed, seeds, settings }: Pick<SynthesizeInput, 'iteration' | 'seed' | 'seeds' | 'settings'>,
  number: number,
): AskedRequest {
  const id = `s-${iteration}-${number}`;
  const { begun = defaultBegun, temperature, topK, topP, minP, maxTokens } = settings;
  const random = randomStream(deriveSeed(seed, 'synthesize', iteration, id, 'beginning'));
  const shown = random() < begun ? seeds[Math.floor(random() * seeds.length)] : undefined;
  const opening = shown === undefined ? '' : firstWords(shown.instruction);
  return {
    prompt: { text: opening, opening },
    demonstrations: shown === undefined ? [] : [shown.id],
    generate: {
      id,
      prompt: { turn: 'user', ...(opening !== '' && { begins: opening }) },
      maxTokens,
      stop: [],
      sampling: { temperature, topK, topP, minP },
      seed: deriveSeed(seed, 'synthesize', iteration, id),
    },
  };
}

/** Enough for the kind of task, and too few for what it is about. */
const wordsOfBeginning = 2;

function firstWords(instruction: string): string {
  return instruction.trim().split(/\s+/u).slice(0, wordsOfBeginning).join(' ');
}

/** The first paragraph is the instruction, and what follows its input. */
export function readTurn(text: string, stop: StopReason): ParsedTasks {
  if (isCutOff(stop)) return { tasks: [], unparsed: ['unfinished'] };
  const [first = '', ...rest] = text.trim().split(/\n\s*\n/u);
  if (first === '') return { tasks: [], unparsed: ['no-instruction'] };
  const instruction = first.replace(/\s+/gu, ' ');
  return { tasks: [{ number: 1, instruction, input: rest.join('\n\n') }], unparsed: [] };
}
