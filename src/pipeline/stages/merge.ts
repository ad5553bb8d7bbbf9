// Stage merge in a run: base and adapter of the iteration as one model, M(t), for programs that take no adapters. The loop
// itself goes on with the adapter, which is the same model without a rounding.
import { resolveChatTemplate } from '../../engine/chat-template.js';
import { joinedTask } from '../../shared/task-prompt.js';
import { mergeAndMeasure, mergeInWords } from '../merging.js';
import { lastIteration } from '../rollback.js';
import { adapterPath, mergedName, mergedPath } from '../run-context.js';
import { commonPairs, heldOutPairs } from './evaluate.js';
import type { StageWork } from './stage-work.js';

export const mergeStage: StageWork = {
  stage: 'merge',
  unit: 'models',
  artifacts: [mergedName],

  isWanted(run, iteration) {
    const { when } = run.config.merge;
    return when === 'each' || (when === 'last' && iteration === lastIteration(run));
  },

  size() {
    return { total: 1, done: 0 };
  },

  async work(run, iteration) {
    const { config, record, runDir, store } = run;
    const pairs = [...heldOutPairs(run, iteration), ...commonPairs(run.seeds, config.seed)];
    const chatTemplate = resolveChatTemplate(config.chatTemplate, null);
    const result = await mergeAndMeasure(run.engines, {
      adapters: [{ path: adapterPath(runDir, iteration), scale: 1 }],
      baseSha256: record.inputs.base.sha256,
      outPath: mergedPath(runDir, iteration),
      type: config.merge.type,
      ...(chatTemplate === null ? {} : { chatTemplate }),
      pairs: pairs.map((pair) => joinedTask(pair, config.inputJoiner)),
      signal: run.cancel,
    });
    store.setArtifactHash(iteration, mergedName, result.sha256);
    if (result.advice !== null) run.report({ kind: 'warning', message: result.advice });
    return { result, note: mergeInWords(result) };
  },
};
