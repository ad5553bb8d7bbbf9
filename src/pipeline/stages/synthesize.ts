// Stage synthesize in a run: a person's own instructions, then what the iteration's model writes from seeds or documents;
// everything that was written is kept.
import { synthesize } from '../../stages/synthesize/synthesize.js';
import { callOptions, modelOf } from '../run-context.js';
import { synthesisInputs } from '../run-inputs.js';
import { isKept, keptCandidates, synthesizeChunks, synthesizeRows } from '../stored-rows.js';
import { commitChunks, type StageWork } from './stage-work.js';

export const synthesizeStage: StageWork = {
  stage: 'synthesize',
  unit: 'instructions',

  size(run, iteration) {
    const wanted = run.config.instructions;
    const done = keptCandidates(run.store, iteration, wanted).length;
    // Of a person's own alone there are as many as the filters leave, which is known once they are there.
    const isWhole = run.config.synthesize.method === 'none' && synthesizeChunks(run.store, iteration).length > 0;
    return { total: isWhole ? done : wanted, done };
  },

  async work(run, iteration) {
    const { config, store } = run;
    const target = config.instructions;
    const earlier = synthesizeChunks(store, iteration);
    let done = earlier.flatMap((chunk) => chunk.candidates).filter(isKept).length;
    let tokens = 0;
    let chunkTokens = 0;
    const progress = () =>
      run.report({ kind: 'stage-progress', iteration, stage: 'synthesize', done, tokens: tokens + chunkTokens });
    const chunks = synthesize(
      {
        ...synthesisInputs(config, run),
        iteration,
        target,
        earlier,
        ...callOptions(run, (_, generated) => {
          chunkTokens = generated;
          progress();
        }),
      },
      await modelOf(run, iteration),
    );
    await commitChunks(run, iteration, this, chunks, (chunk) => {
      done = Math.min(target, done + chunk.candidates.filter(isKept).length);
      tokens += chunk.requests.reduce((sum, request) => sum + request.tokens, 0);
      chunkTokens = 0;
      progress();
      return { ...synthesizeRows(chunk), done };
    });
    const requests = store.countRows(iteration, 'synthesize', 'request');
    const parsed = store.countRows(iteration, 'synthesize', 'candidate');
    const origin = requests === 0 ? 'of your own' : `written in ${requests} texts`;
    return { result: {}, note: `${done} instructions kept of ${parsed} ${origin}` };
  },
};
