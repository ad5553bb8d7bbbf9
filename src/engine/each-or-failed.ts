// The requests of a call, each prepared by itself: one that cannot be computed fails alone, and the others go on.
import { type ErrorCode, IsheepError } from '../shared/errors.js';
import type { FailedRequest } from './engine.js';

/** Errors of a request, not of its call. */
const ofOneRequest: ReadonlySet<ErrorCode> = new Set(['bad-input', 'not-enough-memory']);

/** Prepares each request by itself, by its place in the call, computes those that can be, and returns results and failures in
 *  the requests' order. */
export async function eachOrFailed<Request extends { id: string }, Native, Result>(
  requests: readonly Request[],
  prepare: (request: Request, place: number) => Native,
  compute: (natives: Native[]) => Promise<Result[]>,
): Promise<(Result | FailedRequest)[]> {
  const prepared = requests.map((request, place): { native: Native } | FailedRequest => {
    try {
      return { native: prepare(request, place) };
    } catch (error) {
      if (!(error instanceof IsheepError) || !ofOneRequest.has(error.code)) throw error;
      return { id: request.id, error: { code: error.code, message: error.message } };
    }
  });
  const natives = prepared.flatMap((one) => ('native' in one ? [one.native] : []));
  const results = (natives.length === 0 ? [] : await compute(natives)).values();
  return prepared.map((one) => ('native' in one ? (results.next().value as Result) : one));
}
