// Requests that show nothing: the chat template is opened where a user's words stand, and a model that was trained on
// conversations writes them (Magpie, arXiv 2406.08464).
import { deriveSeed } from '../../shared/random.js';
import type { StopReason } from '../../shared/rows.js';
import type { ParsedTasks } from './parse-tasks.js';
import type { AskedRequest } from './plan-requests.js';
import type { SynthesizeInput } from './synthesize.js';

/** Request `number` of the iteration, counted from 1. */
export function planTurnRequest(
  { iteration, seed, settings }: Pick<SynthesizeInput, 'iteration' | 'seed' | 'settings'>,
  number: number,
): AskedRequest {
  const id = `s-${iteration}-${number}`;
  const { temperature, topK, topP, minP, maxTokens } = settings;
  return {
    prompt: { text: '', opening: '' },
    demonstrations: [],
    generate: {
      id,
      prompt: { turn: 'user' },
      maxTokens,
      stop: [],
      sampling: { temperature, topK, topP, minP },
      seed: deriveSeed(seed, 'synthesize', iteration, id),
    },
  };
}

/** The first paragraph is the instruction, and what follows its input. */
export function readTurn(text: string, stop: StopReason): ParsedTasks {
  if (stop === 'length') return { tasks: [], unparsed: ['unfinished'] };
  const [first = '', ...rest] = text.trim().split(/\n\s*\n/u);
  if (first === '') return { tasks: [], unparsed: ['no-instruction'] };
  const instruction = first.replace(/\s+/gu, ' ');
  return { tasks: [{ number: 1, instruction, input: rest.join('\n\n') }], unparsed: [] };
}
