// All benchmarks, in the order in which they are listed.
import { IsheepError } from '../../../shared/errors.js';
import { nearestWord } from '../../../shared/nearest-word.js';
import type { Benchmark } from '../benchmark.js';
import { alpacaEval1, alpacaEval2 } from './alpaca-eval.js';
import { arcChallenge, arcEasy } from './arc.js';
import { boolq } from './boolq.js';
import { commonsenseqa } from './commonsenseqa.js';
import { constraints } from './constraints.js';
import { hellaswag } from './hellaswag.js';
import { humaneval } from './humaneval.js';
import { ifeval } from './ifeval.js';
import { knowledge } from './knowledge.js';
import { mbpp } from './mbpp.js';
import { mmlu } from './mmlu.js';
import { mtBench } from './mt-bench.js';
import { nqOpen } from './nq-open.js';
import { openbookqa } from './openbookqa.js';
import { ownPrompts } from './own-prompts.js';
import { perplexity } from './perplexity.js';
import { piqa } from './piqa.js';
import { siqa } from './siqa.js';
import { squad2 } from './squad2.js';
import { triviaqa } from './triviaqa.js';
import { winRate } from './win-rate.js';
import { winogrande } from './winogrande.js';

/** Who runs a benchmark hands it back its own items and answers, so their types need not be known here. */
export const benchmarks = [
  ifeval,
  constraints,
  alpacaEval1,
  alpacaEval2,
  mtBench,
  winRate,
  ownPrompts,
  arcEasy,
  arcChallenge,
  boolq,
  commonsenseqa,
  hellaswag,
  mmlu,
  openbookqa,
  piqa,
  siqa,
  winogrande,
  knowledge,
  humaneval,
  mbpp,
  triviaqa,
  nqOpen,
  squad2,
  perplexity,
] as unknown as readonly Benchmark[];

/** Throws `bad-config` with the nearest name. */
export function benchmarkNamed(name: string): Benchmark {
  const found = benchmarks.find((one) => one.name === name);
  if (found !== undefined) return found;
  const names = benchmarks.map((one) => one.name);
  const nearest = nearestWord(name, names);
  throw new IsheepError('bad-config', `there is no benchmark "${name}"`, {
    hint: nearest === undefined ? `there are ${names.join(', ')}` : `did you mean ${nearest}?`,
  });
}
