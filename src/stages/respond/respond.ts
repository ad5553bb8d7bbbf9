// Stage respond: the model answers the candidates, zero-shot, with one or several responses each.
import { isDeepStrictEqual } from 'node:util';

import type { Config } from '../../config/schema.js';
import { type Generated, isFailed, type LanguageModel } from '../../engine/engine.js';
import { unmetConstraints } from '../../shared/constraints/check.js';
import { drawConstraints } from '../../shared/constraints/draw.js';
import { repaired } from '../../shared/constraints/repair.js';
import { deriveSeed, randomStream } from '../../shared/random.js';
import type { Candidate, Pair, SeedTask } from '../../shared/rows.js';
import {
  demonstratedPrompt,
  type InputJoiner,
  joinedTask,
  plainTextStops,
  taskPrompt,
} from '../../shared/task-prompt.js';
import { type Answer, answerAll, type Asked, type AttemptOptions } from './attempts.js';
import { withoutAnswerLabel } from './answer-label.js';
import { Demonstrations } from './demonstrations.js';

export interface RespondInput extends AttemptOptions {
  /** The kept candidates, in order. */
  candidates: readonly Candidate[];
  /** Shown before tasks in plain text (settings.demonstrations). */
  seeds: readonly SeedTask[];
  iteration: number;
  /** No adapter answers, but the base, or a server's model, which stays as it is. */
  isBase: boolean;
  /** The run's seed. */
  seed: number;
  settings: Config['respond'];
  constraints: Config['constraints'];
  /** The chat template is the run's choice (chatTemplate), and not the model's own, or its server's. */
  isTemplateGiven: boolean;
  /** What judges and trains has between instruction and input. */
  inputJoiner: InputJoiner;
  /** Responses are asked for with nothing there instead (quirks.gluedInput). */
  gluedInput: boolean;
  /** How many chunks are already done. */
  firstChunk: number;
}

export interface RespondChunk {
  /** Counted from 0; a chunk holds all responses of its candidates, at most settings.chunk of them. */
  index: number;
  /** The first response has the candidate's id, the k-th `<id>-r<k>`. `source` says {stop, tokens, logprob?, written?, seed},
   *  or {error, seed} where there is no response; {candidate} where a candidate has several; {attempts} where it has
   *  constraints, which its instruction then asks for. Responses have no white space around, and no label of an answer before. */
  pairs: Pair[];
  /** What the model wrote, untouched, in the same order; of several attempts the last. */
  completions: Generated[];
  /** Tokens that were generated, of all attempts. */
  tokens: number;
}

/** A response that is asked for. */
interface AskedPair extends Asked {
  /** The pair without its response. */
  pair: Omit<Pair, 'response'>;
  /** The response made over so as to meet its constraints; undefined where it meets them, or cannot be made to. */
  repair(response: string): string | undefined;
  /** Whether the likelihood of what is written is the one that judging would find: only where it would ask the same. */
  isJudgedAlike: boolean;
}

export async function* respond(input: RespondInput, model: LanguageModel): AsyncGenerator<RespondChunk, void> {
  const { candidates, settings, constraints } = input;
  const demonstrations = new Demonstrations(input.seeds, settings.demonstrations, input.seed, input.iteration);
  const perChunk = Math.max(1, Math.floor(settings.chunk / settings.responses));
  for (let index = input.firstChunk; index * perChunk < candidates.length; index++) {
    const part = candidates.slice(index * perChunk, (index + 1) * perChunk);
    const asked = part.flatMap((candidate) => askFor(candidate, input, demonstrations, model.hasChatTemplate));
    const { answers, tokens } = await answerAll(asked, constraints.attempts, model, input);
    const pairs = answers.flatMap((answer, i) => readPair(asked[i], answer));
    yield { index, pairs, completions: answers.map(({ completion }) => completion), tokens };
  }
}

/** How many responses there are to so many candidates. */
export function responseCount(candidates: number, { responses }: Config['respond']): number {
  return candidates * responses;
}

/** Whether tasks stand in plain text with nothing before them, although seed tasks were to be shown: none has an output. */
export function lacksDemonstrations(input: RespondInput, { hasChatTemplate }: LanguageModel): boolean {
  const isPlain = !(hasChatTemplate && asksByTemplate(input));
  return isPlain && input.settings.demonstrations > 0 && input.seeds.every(({ output }) => output === '');
}

/** Whether the chat template writes the prompt; the paper's base writes after plain text, its tuned models in ChatML. */
function asksByTemplate({ settings: { form }, isTemplateGiven, isBase }: RespondInput): boolean {
  const isRawFirst = form === 'raw-first' || (form === 'auto' && isTemplateGiven);
  return isRawFirst ? !isBase : form !== 'raw';
}

function askFor(
  candidate: Candidate,
  input: RespondInput,
  demonstrations: Demonstrations,
  hasChatTemplate: boolean,
): AskedPair[] {
  const { seed, iteration } = input;
  const { responses, temperature, topK, topP, minP, maxTokens, stopAtRepetition } = input.settings;
  const byTemplate = hasChatTemplate && asksByTemplate(input);
  const { constraints = [], ...task } = constrainedTask(candidate, input);
  const joiner = input.gluedInput ? 'nothing' : input.inputJoiner;
  const asked = joinedTask(task, joiner);
  const prompt = byTemplate
    ? taskPrompt(asked, true)
    : demonstratedPrompt(demonstrations.for(candidate, constraints), asked, joiner);
  const judgedPrompt = taskPrompt(joinedTask(task, input.inputJoiner), hasChatTemplate);
  return Array.from({ length: responses }, (_, k) => {
    const id = k === 0 ? candidate.id : `${candidate.id}-r${k + 1}`;
    const source = responses > 1 ? { candidate: candidate.id } : undefined;
    return {
      id,
      constraints,
      pair: { id, ...task, ...(constraints.length > 0 && { constraints }), ...(source && { source }) },
      request: (attempt) => ({
        id,
        prompt,
        maxTokens,
        stop: byTemplate ? [] : plainTextStops,
        stopAtRepetition,
        sampling: { temperature, topK, topP, minP },
        seed: deriveSeed(seed, 'respond', iteration, id, ...(attempt === 1 ? [] : ['attempt', attempt])),
      }),
      repair: (response) => {
        const isUnmet = input.constraints.repair && unmetConstraints(response, constraints).length > 0;
        return isUnmet ? repaired(response, constraints, candidate) : undefined;
      },
      isJudgedAlike: isDeepStrictEqual(prompt, judgedPrompt),
    };
  });
}

/** The candidate's task, with what its responses are verified against where it is drawn to have constraints. */
function constrainedTask({ id, instruction, input }: Candidate, { seed, iteration, constraints }: RespondInput) {
  const random = randomStream(deriveSeed(seed, 'constraints', iteration, id));
  const task = { instruction, input };
  return { ...task, ...drawConstraints(task, constraints, random) };
}

function readPair(asked: AskedPair | undefined, { request: { seed }, completion, attempts }: Answer): Pair[] {
  if (asked === undefined) return [];
  const { pair, isJudgedAlike } = asked;
  const { id, instruction, input, constraints, source: before } = pair;
  const common = { id, instruction, input };
  const asks = constraints && { constraints };
  const made = { seed, ...(constraints && { attempts }) };
  if (isFailed(completion)) {
    return [{ ...common, response: '', ...asks, source: { ...before, error: completion.error.message, ...made } }];
  }
  const { text, stop, tokens, logprob, written } = completion;
  const trimmed = text.trim();
  const response = withoutAnswerLabel(trimmed);
  const mended = asked.repair(response);
  // How likely the text was while it was written says nothing of another or a part of it, so that is scored.
  const isJudged = isJudgedAlike && mended === undefined && response === trimmed;
  const likelihoods = { ...(logprob !== undefined && { logprob }), ...(isJudged && written && { written }) };
  const how = { ...before, stop, tokens, ...likelihoods, ...made, ...(mended !== undefined && { repaired: true }) };
  return [{ ...common, response: mended ?? response, ...asks, source: how }];
}
