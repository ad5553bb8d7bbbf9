// The real engine on a tiny random model. Such a model writes noise, so what it writes is taken as the seed of a text of
// good manners: every token, adapter and float of the real engine decides, and the stages still get what they can parse.
import { createHash } from 'node:crypto';

import type {
  CallOptions,
  Embedded,
  EmbedRequest,
  GenerateRequest,
  ScoreRequest,
  Scored,
} from '../../src/engine/engine.js';
import type { EngineFactory, SwitchableModel } from '../../src/engine/engine-factory.js';
import { createLlamaEngine } from '../../src/engine/llama-engine.js';
import type { Completion } from '../../src/shared/rows.js';
import { completed } from './results.js';
import { fakeSentence, fakeTasks } from './fake-text.js';

export function tinyEngine(modelPath: string): EngineFactory {
  const engine = createLlamaEngine({ model: modelPath, device: 'cpu', threads: 1 });
  return { ...engine, openModel: async (choices) => new WellMannered(await engine.openModel(choices)) };
}

class WellMannered implements SwitchableModel {
  constructor(private readonly model: SwitchableModel) {}

  get hasChatTemplate(): boolean {
    return this.model.hasChatTemplate;
  }

  setAdapter(path: string | null): Promise<void> {
    return this.model.setAdapter(path);
  }

  async generate(requests: readonly GenerateRequest[], options?: CallOptions): Promise<Completion[]> {
    const completions = completed(await this.model.generate(requests, options));
    return completions.map((completion, i) => {
      const prompt = requests[i]?.prompt;
      const seed = seedOf(completion);
      const text =
        prompt !== undefined && 'text' in prompt ? fakeTasks(prompt.text, seed) : fakeSentence(seed, 5 + (seed % 12));
      return { ...completion, text, stop: 'end' };
    });
  }

  score(requests: readonly ScoreRequest[], options?: CallOptions): Promise<Scored[]> {
    return this.model.score(requests, options);
  }

  embed(requests: readonly EmbedRequest[], options?: CallOptions): Promise<Embedded[]> {
    if (this.model.embed === undefined) throw new Error('the model does not embed');
    return this.model.embed(requests, options);
  }

  dispose(): Promise<void> {
    return this.model.dispose();
  }
}

/** The log-probability is part of it, so that a float that differs in its last bit is seen. */
function seedOf({ text, logprob }: Completion): number {
  return createHash('sha256')
    .update(`${text}:${logprob ?? ''}`)
    .digest()
    .readUInt32LE(0);
}
