// What an endpoint's server cannot do that the settings ask of it, found out by asking it, before a run has written anything:
// a folder whose run has begun takes no other settings.
import type { Config } from '../config/schema.js';
import type { LanguageModel } from '../engine/engine.js';
import type { EngineChoices, EngineFactory } from '../engine/engine-factory.js';
import { attemptAll } from '../shared/attempt-all.js';
import { IsheepError } from '../shared/errors.js';
import { refuseImpossible } from '../stages/assess/possible-methods.js';
import { isJudged } from './stages/assess.js';

type Check = (model: LanguageModel) => Promise<void>;

/** Throws `unsupported-model` with all that an endpoint cannot do; nothing without an endpoint, which is opened only where there
 *  is something to ask it. */
export async function refuseBeyondEndpoint(
  config: Config,
  engine: EngineFactory,
  choices: EngineChoices,
): Promise<void> {
  const checks = checksOf(config);
  if (engine.openEndpoint === undefined || checks.length === 0) return;
  const model = await engine.openEndpoint(choices);
  try {
    const outcomes = await Promise.allSettled(checks.map((check) => check(model)));
    attemptAll(
      ...outcomes.map((outcome) => () => {
        if (outcome.status === 'rejected') throw outcome.reason as Error;
      }),
    );
  } finally {
    await model.dispose();
  }
}

function checksOf(config: Config): Check[] {
  const { assess, respond, synthesize } = config;
  const { method } = assess;
  const isWritten = synthesize.method !== 'none';
  const judges = assess.judge === 'current' && isJudged(config);
  const samples = judges && (method === 'sampled' || method === 'auto');
  const checks: [boolean, Check][] = [
    [isWritten && synthesize.demonstrationsBy === 'perplexity', needsLikelihoods],
    [isWritten && synthesize.constrained, needsGrammars('synthesize.constrained')],
    [isWritten && synthesize.form === 'chat', needsMessages('synthesize.form')],
    [respond.form === 'chat', needsMessages('respond.form')],
    [samples && assess.constrained, needsGrammars('assess.constrained')],
  ];
  const asked = checks.filter(([isAsked]) => isAsked).map(([, check]) => check);
  // Auto takes what there is.
  return judges && method !== 'auto' ? [...asked, (model) => refuseImpossible(method, model)] : asked;
}

async function needsLikelihoods(model: LanguageModel): Promise<void> {
  if ((await model.canScore?.('continuation')) ?? true) return;
  throw new IsheepError(
    'unsupported-model',
    'synthesize.demonstrationsBy perplexity needs a server that tells log-probabilities of a prompt',
    { hint: 'vLLM does; with this server take synthesize.demonstrationsBy uniform' },
  );
}

function needsGrammars(setting: string): Check {
  return async (model) => {
    if ((await model.keepsGrammars?.()) ?? true) return;
    throw new IsheepError('unsupported-model', `${setting} needs a server that keeps to a grammar (GBNF)`, {
      hint: `llama-server does; with this server turn ${setting} off`,
    });
  };
}

function needsMessages(setting: string): Check {
  return (model) => {
    if (model.hasChatTemplate) return Promise.resolve();
    const error = new IsheepError('unsupported-model', `${setting} chat needs a server that takes messages`, {
      hint: `with this server take ${setting} raw`,
    });
    return Promise.reject(error);
  };
}
