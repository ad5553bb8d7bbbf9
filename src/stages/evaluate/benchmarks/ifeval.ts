// IFEval (arXiv 2311.07911): instructions that a program can verify. Items are rows of google-research's
// instruction_following_eval/data/input_data.jsonl:
// {"key": 7, "prompt": "…", "instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]}
// Verdicts are those of its program at d76be322, with NLTK 3.10.3 and langdetect 1.0.9; docs/decisions.md has what differs.
import { z } from 'zod';

import { type FailedRequest, isFailed } from '../../../engine/engine.js';
import { groupBy } from '../../../shared/group-by.js';
import { readJsonLines } from '../../../shared/jsonl.js';
import { didYouMean } from '../../../shared/nearest-word.js';
import { deriveSeed } from '../../../shared/random.js';
import { plainTextStops, taskPrompt } from '../../../shared/task-prompt.js';
import { type Benchmark, type Item, type ItemResult, type Metric, writtenSettings } from '../benchmark.js';
import {
  checkInstruction,
  checkLoosely,
  type InstructionId,
  instructionIds,
  type InstructionKwargs,
  instructions,
  isInstructionId,
} from '../instructions/index.js';

interface AskedInstruction {
  id: InstructionId;
  kwargs: InstructionKwargs<InstructionId>;
}

export interface IfevalItem extends Item {
  prompt: string;
  instructions: AskedInstruction[];
}

/** As in lm-evaluation-harness. */
const defaultMaxTokens = 1280;

const metrics = [
  { name: 'average', unit: '%', about: 'the mean of the four others' },
  { name: 'prompt_strict', unit: '%', about: 'prompts with all instructions followed' },
  { name: 'instruction_strict', unit: '%', about: 'instructions followed' },
  { name: 'prompt_loose', unit: '%', about: 'the same, where first line, last line and asterisks are forgiven' },
  { name: 'instruction_loose', unit: '%', about: 'the same, where first line, last line and asterisks are forgiven' },
] as const satisfies readonly Metric[];

export const ifeval: Benchmark<IfevalItem, string> = {
  name: 'ifeval',
  about: 'instructions that a program can verify: lengths, formats, keywords, language',
  metrics,
  needs: { files: ['data'] },
  reads: writtenSettings,
  readItems: ({ data = '' }) => readJsonLines(data, ifevalRow),
  readAnswers,
  async answer(items, model, settings, call) {
    const requests = items.map(({ id, prompt }) => ({
      id,
      prompt: taskPrompt({ instruction: prompt }, model.hasChatTemplate),
      maxTokens: settings.maxTokens ?? defaultMaxTokens,
      stop: model.hasChatTemplate ? [] : plainTextStops,
      sampling: { temperature: settings.temperature ?? 0, topK: 0, topP: 1, minP: 0 },
      seed: deriveSeed(settings.seed, 'ifeval', id),
    }));
    const completions = await model.generate(requests, call);
    return completions.map((completion) => (isFailed(completion) ? completion : completion.text));
  },
  score: (items, answers) => Promise.resolve(scoreAll(items, answers)),
};

const identity = z.union([z.int().transform(String), z.string().min(1)], 'must be a whole number or a text');

/** A row of the file as an item. */
export const ifevalRow = z
  .object({
    key: identity,
    prompt: z.string().min(1),
    instruction_id_list: z.array(z.string()).min(1),
    kwargs: z.array(z.record(z.string(), z.unknown())),
  })
  .transform(({ key, prompt, instruction_id_list: ids, kwargs }, context): IfevalItem => {
    if (ids.length !== kwargs.length) {
      const message = `there are ${kwargs.length} for ${ids.length} instructions`;
      context.issues.push({ code: 'custom', message, path: ['kwargs'], input: kwargs });
    }
    const asked = ids.flatMap((id, i) => readInstruction(id, kwargs[i] ?? {}, i, context.issues));
    return { id: key, prompt, instructions: asked };
  });

type Issues = z.core.ParsePayload['issues'];

/** Copies of the data set give each instruction the kwargs of all, null where they are not its own. */
function readInstruction(id: string, raw: Record<string, unknown>, i: number, issues: Issues): AskedInstruction[] {
  if (!isInstructionId(id)) {
    const message = `there is no instruction ${JSON.stringify(id)}.${didYouMean(id, instructionIds)}`;
    issues.push({ code: 'custom', message, path: ['instruction_id_list', i], input: id });
    return [];
  }
  const given = Object.fromEntries(Object.entries(raw).filter(([, value]) => value !== null));
  const kwargs = instructions[id].kwargs.safeParse(given);
  if (kwargs.success) return [{ id, kwargs: kwargs.data }];
  for (const issue of kwargs.error.issues) {
    issues.push({ ...issue, path: ['kwargs', i, ...issue.path], input: raw } as Issues[number]);
  }
  return [];
}

/** Rows are {prompt, response}, as the official program reads them, or {id or key, response}. An item without a response is
 *  left out. The public data set has an item (2785) in two wordings: responses to one do not join a file with the other. */
function readAnswers(file: string, items: readonly IfevalItem[]): { items: IfevalItem[]; answers: string[] } {
  const responses = new Map(readJsonLines(file, answerRow(items)).map(({ id, response }) => [id, response]));
  const answered = items.filter(({ id }) => responses.has(id));
  return { items: answered, answers: answered.map(({ id }) => responses.get(id) ?? '') };
}

function answerRow(items: readonly IfevalItem[]) {
  const known = new Set(items.map(({ id }) => id));
  const byPrompt = groupBy(items, ({ prompt }) => prompt);
  const idOf = (row: { id?: string | undefined; key?: string | undefined; prompt?: string | undefined }) => {
    const id = row.id ?? row.key;
    if (id !== undefined) return known.has(id) ? { id } : { problem: `there is no item ${JSON.stringify(id)}` };
    if (row.prompt === undefined) return { problem: 'none of id, key and prompt says which item it answers' };
    const [item, ...others] = byPrompt.get(row.prompt) ?? [];
    if (item === undefined) return { problem: `no item has the prompt ${JSON.stringify(row.prompt.slice(0, 80))}` };
    return others.length === 0
      ? { id: item.id }
      : { problem: `items ${item.id} and ${others[0]?.id ?? ''} have this prompt` };
  };
  return z
    .object({ id: identity.optional(), key: identity.optional(), prompt: z.string().optional(), response: z.string() })
    .transform((row, context) => {
      const { id = '', problem } = idOf(row);
      if (problem !== undefined) context.issues.push({ code: 'custom', message: problem, input: row });
      return { id, response: row.response };
    });
}

/** Takes all items of an evaluation at once: what an instruction counts in the average depends on how many there are. */
function scoreAll(items: readonly IfevalItem[], answers: readonly (string | FailedRequest)[]): ItemResult[] {
  const total = items.reduce((sum, { instructions: asked }) => sum + asked.length, 0);
  return items.map((item, i) => scoreItem(item, answers[i] ?? '', total / items.length));
}

function scoreItem(item: IfevalItem, answer: string | FailedRequest, meanInstructions: number): ItemResult {
  const { id, instructions: asked } = item;
  const response = typeof answer === 'string' ? answer : '';
  const strict = asked.map((one) => checkInstruction(one.id, one.kwargs, response));
  const loose = asked.map((one) => checkLoosely(one.id, one.kwargs, response));
  const percent = (verdicts: readonly boolean[]) => 100 * verdicts.filter(Boolean).length;
  const all = (verdicts: readonly boolean[]) => (verdicts.every(Boolean) ? 100 : 0);
  const ofPrompt = all(strict) + all(loose);
  const ofInstructions = (percent(strict) + percent(loose)) / meanInstructions;
  return {
    id,
    shares: {
      average: { value: (ofPrompt + ofInstructions) / 4, weight: 1 },
      prompt_strict: { value: all(strict), weight: 1 },
      instruction_strict: { value: percent(strict), weight: asked.length },
      prompt_loose: { value: all(loose), weight: 1 },
      instruction_loose: { value: percent(loose), weight: asked.length },
    },
    details: {
      strict,
      loose,
      instructions: asked.map((one) => one.id),
      response,
      ...(typeof answer !== 'string' && { error: answer.error.message }),
    },
  };
}
