// Stage respond in a run: the iteration's model answers every instruction that was kept.
import { type FailedRequest, isFailed } from '../../engine/engine.js';
import { lacksDemonstrations, respond, type RespondInput, responseCount } from '../../stages/respond/respond.js';
import { isTemplateGiven, lastAdapter, modelOf } from '../run-context.js';
import { keptCandidates, respondRows, respondTokens } from '../stored-rows.js';
import { commitChunks, type StageWork } from './stage-work.js';

const noDemonstrations =
  'no seed task has an output, so none is shown before a task in plain text: a model that was never trained to answer may ' +
  'then go on with the task; give seeds with outputs, or set respond.demonstrations to 0';

export const respondStage: StageWork = {
  stage: 'respond',
  unit: 'responses',

  size(run, iteration) {
    const candidates = keptCandidates(run.store, iteration, run.config.instructions).length;
    const total = responseCount(candidates, run.config.respond);
    return { total, done: run.store.countRows(iteration, 'respond', 'pair') };
  },

  async work(run, iteration) {
    const { config, store } = run;
    let { done } = this.size(run, iteration);
    let tokens = 0;
    const progress = (more: number, moreTokens: number, again = 0) =>
      run.report({
        kind: 'stage-progress',
        iteration,
        stage: 'respond',
        done: done + more,
        tokens: tokens + moreTokens,
        ...(again > 0 && { doing: `asking ${again} again` }),
      });
    const input: RespondInput = {
      candidates: keptCandidates(store, iteration, config.instructions),
      seeds: run.seeds,
      iteration,
      seed: config.seed,
      settings: config.respond,
      constraints: config.constraints,
      isBase: config.engine !== 'local' || lastAdapter(run, iteration) === null,
      isTemplateGiven: isTemplateGiven(config),
      inputJoiner: config.inputJoiner,
      gluedInput: config.quirks.gluedInput,
      firstChunk: store.chunkInfos(iteration, 'respond').length,
      signal: run.cancel,
      onProgress: (more) => progress(more.done, more.tokens, more.again),
    };
    const model = await modelOf(run, iteration);
    if (lacksDemonstrations(input, model)) run.report({ kind: 'warning', message: noDemonstrations });
    const failures: FailedRequest[] = [];
    await commitChunks(run, iteration, this, respond(input, model), (chunk) => {
      const { info, rows } = respondRows(chunk);
      done += chunk.pairs.length;
      tokens += info.tokens;
      failures.push(...chunk.completions.filter(isFailed));
      progress(0, 0);
      return { info, rows, done };
    });
    const [first] = failures;
    if (first !== undefined) {
      const message = `${failures.length} of ${done} responses could not be written; the first: ${first.error.message}`;
      run.report({ kind: 'warning', message });
    }
    return { result: {}, note: `${done} responses, ${respondTokens(store, iteration)} tokens` };
  },
};
