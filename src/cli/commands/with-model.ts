// Opens the model that the options name, lends it to one piece of work, and closes it again.
import { isOwnJudge } from '../../config/schema.js';
import type { LanguageModel } from '../../engine/engine.js';
import type { EngineFactory, SwitchableModel } from '../../engine/engine-factory.js';
import { loadInputs } from '../../pipeline/run-inputs.js';
import { trainedTemplate } from '../../pipeline/trained-template.js';
import type { RowFailures, RowTarget, VerbCall } from '../../pipeline/verbs/verb.js';
import type { EngineOptions } from '../../engine/create-engine.js';
import { engineOptions, localEngineOptions } from '../../engine/engine-options.js';
import { resolveModel } from '../../engine/known-models.js';
import type { LlamaEngineOptions } from '../../engine/llama-engine.js';
import { attemptAll } from '../../shared/attempt-all.js';
import { IsheepError } from '../../shared/errors.js';
import type { CommandCall, CommandResult } from '../command.js';
import { formatUnits } from '../format.js';
import { overridesOf, refuseLocalOptions } from './endpoint.js';

/** Of the local model alone. */
export function localOptions({ config, values }: CommandCall): LlamaEngineOptions {
  return localEngineOptions(config, { parallel: values.number('parallel') });
}

/** Of what writes, judges and trains in a run. */
export function runEngineOptions(call: CommandCall): EngineOptions {
  return engineOptions(call.config, overridesOf(call));
}

/** The files of the models that a run works with. Throws `model-not-found`, or `bad-input` where
 *  something is wrong with the run's other files, too. */
export function modelFiles({ config }: CommandCall): { modelPath: string; judgePath?: string } {
  const { judge } = config.assess;
  try {
    const [modelPath, judgePath] = attemptAll(
      () => resolveModel(config.model),
      () => (isOwnJudge(judge) ? undefined : resolveModel(judge)),
    );
    return { modelPath, ...(judgePath !== undefined && { judgePath }) };
  } catch (error) {
    const missing = (): never => {
      throw error;
    };
    return attemptAll(missing, () => loadInputs(config))[0];
  }
}

/** The call with the chat template that the adapter of `option` was trained with: a model goes on as it was trained to talk. */
export function byTrainedTemplate(call: CommandCall, option: 'adapter' | 'init-adapter' = 'adapter'): CommandCall {
  const { values, config } = call;
  const adapter = values.text(option);
  if (adapter === undefined) return call;
  const [chatTemplate] = attemptAll(
    () => trainedTemplate([adapter], config.chatTemplate),
    () => resolveModel(config.model),
  );
  return chatTemplate === undefined ? call : { ...call, config: { ...config, chatTemplate } };
}

export async function withModel<T>(call: CommandCall, work: (model: LanguageModel) => Promise<T>): Promise<T> {
  const { judge: _, ...options } = runEngineOptions(call.config.engine === 'local' ? byTrainedTemplate(call) : call);
  const engine = call.createEngine(options);
  if (engine.openEndpoint !== undefined) refuseLocalOptions(call);
  const model = (await engine.openEndpoint?.()) ?? (await openLocal(call, engine));
  try {
    if ('name' in model) {
      const form = model.hasChatTemplate ? 'messages as the server writes them' : 'raw prompts';
      call.output.note(`model ${model.name} at ${call.config.baseUrl ?? ''}, ${form}`);
    }
    return await work(model);
  } finally {
    await model.dispose();
  }
}

async function openLocal({ values }: CommandCall, engine: EngineFactory): Promise<SwitchableModel> {
  const model = await engine.openModel(await engine.choose());
  try {
    await model.setAdapter(values.text('adapter') ?? null);
    return model;
  } catch (error) {
    await model.dispose();
    throw error;
  }
}

/** The file of --out, or standard output. Standard output is one JSON object with --json, so that it needs a file then. */
export function rowTarget({ values, output }: CommandCall): RowTarget {
  const file = values.text('out');
  if (file !== undefined) return { file };
  if (!output.json) return { print: (text) => output.streams.stdout.write(text) };
  throw new IsheepError(
    'bad-config',
    '--json needs --out: standard output cannot hold the rows and the one JSON object',
    {
      hint: 'give --out FILE, or leave --json out',
    },
  );
}

/** A result whose rows are written, with exit code 1 and a warning where some could not be computed. */
export function withFailures(
  { output }: CommandCall,
  { rows, first }: RowFailures,
  result: CommandResult,
): CommandResult {
  if (first === null) return result;
  output.warning(`${formatUnits(rows, 'rows')} failed, and their rows say why; the first: ${first.message}`);
  return { ...result, exitCode: 1 };
}

/** Shows the work as a progress line, and hands on both kinds of interruption. */
export function tracked(call: CommandCall, label: string, unit: string, total: number): VerbCall {
  call.progress.start({ label, unit, total });
  return {
    stop: call.interrupts.stop,
    cancel: call.interrupts.cancel,
    onProgress: ({ done, total, tokens }) => {
      call.progress.setTotal(total);
      call.progress.update(done, tokens);
    },
  };
}
