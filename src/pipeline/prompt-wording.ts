// The wording that a run asks the model with, rendered once with placeholders: for its hash in config.json, and to show.
// Which of them a run uses depends on the model (with or without a chat template) and on how it judges.
import type { Config } from '../config/schema.js';
import type { Prompt } from '../engine/engine.js';
import { constraintFamilies } from '../shared/constraints/families/index.js';
import { exampleParameters } from '../shared/constraints/reference.js';
import { defaultJoiner, demonstratedPrompt, taskPrompt } from '../shared/task-prompt.js';
import type { SeedTask } from '../shared/rows.js';
import { backPrompt, gradePrompt, type Criterion } from '../stages/assess/prompts.js';
import { documentPrompt } from '../stages/synthesize/document-prompts.js';
import { metaPrompt } from '../stages/synthesize/prompts.js';

const task: SeedTask = { id: 'seed', instruction: '{instruction}', input: '{input}', output: '{output}' };
const topics = { shown: ['{topic of a seed}', '{topic of a seed}'], wanted: '{topic}' };
const pair = { ...task, response: '{response}' };

/** What demonstrations of constraints are made of. */
const sample = 'The first sentence, with a comma. A second one follows.\nThen a third line, which is the last.';

const criteria: readonly Config['assess']['criteria'][] = ['combined', 'simple', 'examples'];
const criterions: readonly Criterion[] = ['quality', 'following'];

/** Each prompt by its name: raw text, or messages for the chat template. */
export function promptWording(): Record<string, Prompt> {
  const wording: Record<string, Prompt> = {};
  for (const form of ['chat', 'raw'] as const) {
    const shown = [task, { ...task, input: '' }];
    const settings = { maxTasks: 2, form };
    wording[`synthesize, ${form}`] = metaPrompt(shown, { ...settings, showOutputs: false }).prompt;
    wording[`synthesize with outputs, ${form}`] = metaPrompt(shown, { ...settings, showOutputs: true }).prompt;
    wording[`synthesize by topics, ${form}`] = metaPrompt(shown, { ...settings, showOutputs: false }, topics).prompt;
    wording[`synthesize from documents, ${form}`] = documentPrompt([task], '{passage}', 2, form).prompt;
  }
  for (const [form, hasChatTemplate] of [
    ['chat', true],
    ['raw', false],
  ] as const) {
    wording[`respond, ${form}`] = taskPrompt(task, hasChatTemplate);
    wording[`assess by likelihood, ${form}`] = backPrompt(pair.response, hasChatTemplate);
    for (const set of criteria) {
      for (const criterion of criterions) {
        wording[`assess ${criterion} by ${set} grades, ${form}`] = gradePrompt(pair, criterion, set, hasChatTemplate);
      }
    }
  }
  wording['respond after demonstrations'] = demonstratedPrompt([task], task, defaultJoiner);
  for (const family of constraintFamilies) {
    const parameters = exampleParameters(family);
    const imposed = family.impose(sample, parameters, task);
    wording[`constraint ${family.name}`] = { text: [...family.wordings(parameters), imposed].join('\n') };
  }
  return wording;
}
