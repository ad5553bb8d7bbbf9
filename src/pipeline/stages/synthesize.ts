// Stage synthesize in a run: the seeds alone are shown, the iteration's model writes, everything it wrote is kept.
import { synthesize } from '../../stages/synthesize/synthesize.js';
import { callOptions, modelOf } from '../run-context.js';
import { candidateScreen } from '../screens.js';
import { isKept, keptCandidates, synthesizeChunks, synthesizeRows } from '../stored-rows.js';
import { commitChunks, type StageWork } from './stage-work.js';

export const synthesizeStage: StageWork = {
  stage: 'synthesize',
  unit: 'instructions',

  size(run, iteration) {
    const total = run.config.instructions;
    return { total, done: keptCandidates(run.store, iteration, total).length };
  },

  async work(run, iteration) {
    const { config, seeds, store } = run;
    const target = config.instructions;
    const earlier = synthesizeChunks(store, iteration);
    let done = earlier.flatMap((chunk) => chunk.candidates).filter(isKept).length;
    let tokens = 0;
    let chunkTokens = 0;
    const progress = () =>
      run.report({ kind: 'stage-progress', iteration, stage: 'synthesize', done, tokens: tokens + chunkTokens });
    const chunks = synthesize(
      {
        seeds,
        iteration,
        seed: config.seed,
        target,
        settings: config.synthesize,
        screen: candidateScreen(run),
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
    return { result: {}, note: `${done} instructions kept of ${parsed} written in ${requests} texts` };
  },
};
