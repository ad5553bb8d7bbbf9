// By which methods a model can be judged. One on this machine: by all. An endpoint: by those for which its server tells enough,
// which is found out by asking it.
import type { LanguageModel } from '../../engine/engine.js';
import { IsheepError } from '../../shared/errors.js';
import type { AssessMethod } from '../../shared/rows.js';

/** At least `sampled`, in the order in which they are tried. */
export async function possibleMethods(model: LanguageModel): Promise<[AssessMethod, ...AssessMethod[]]> {
  const can = async (what: 'continuation' | 'next') => (await model.canScore?.(what)) ?? true;
  const grades: [AssessMethod, ...AssessMethod[]] = (await can('next')) ? ['expected', 'sampled'] : ['sampled'];
  return (await can('continuation')) ? ['likelihood', ...grades] : grades;
}

/** Throws `unsupported-model` where an endpoint tells too little for the method. */
export async function refuseImpossible(method: AssessMethod, model: LanguageModel): Promise<void> {
  if (model.canScore === undefined || method === 'sampled') return;
  const possible = await possibleMethods(model);
  if (possible.includes(method)) return;
  const needed =
    method === 'likelihood' ? 'log-probabilities of a prompt' : 'the likeliest tokens and goes on from them';
  throw new IsheepError('unsupported-model', `${method} assessment needs a server that tells ${needed}`, {
    hint: `this one can be asked for ${possible.join(' and ')}; auto tries what there is`,
  });
}
