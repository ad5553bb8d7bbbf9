// How a benchmark is run, by the verb and by the gate of a run: answers, remembered; then scores; then metrics.
import { type CallProgress, type FailedRequest, isFailed, type LanguageModel } from '../engine/engine.js';
import type { RunProgram } from '../engine/sandbox/program-run.js';
import { IsheepError } from '../shared/errors.js';
import type { Benchmark, BenchmarkFiles, EvaluateSettings, Item, ItemResult } from '../stages/evaluate/benchmark.js';
import { answerItems, scoreAnswers, type Answer, type ScoreInput } from '../stages/evaluate/evaluate.js';
import { estimateMetrics, type Estimate } from '../stages/evaluate/metrics.js';

/** Items that are computed together. Many where answers are written: each is remembered as it is finished, and a chunk waits
 *  for its longest, which a small model may never end. Scores are known, and remembered, at a chunk's end. */
const chunks = { written: 2048, scored: 256 };

export interface EvaluationWork {
  benchmark: Benchmark;
  items: readonly Item[];
  files: BenchmarkFiles;
  settings: EvaluateSettings;
  /** Answers given instead of the model's. */
  given?: readonly Answer[];
  /** Opens what answers; not called where answers are given. */
  openModel: () => Promise<LanguageModel>;
  /** Opens the base, where a benchmark compares with its answers. */
  openBase?: () => Promise<LanguageModel>;
  /** Opens the judge, where the benchmark needs one; who answers may be closed by then. */
  openJudge?: () => Promise<LanguageModel>;
  runProgram?: RunProgram;
}

export interface EvaluationCall {
  /** A part begins: the base's answers, the model's, or all scores. */
  onPart?: (part: 'answer' | 'base' | 'score', total: number) => void;
  onProgress?: (progress: CallProgress) => void;
  /** Stop as soon as nothing is lost by it: at once while answers are written, and after the chunk elsewhere. */
  stop?: AbortSignal | undefined;
  /** Cancel what runs. */
  cancel?: AbortSignal | undefined;
}

export interface Evaluation {
  benchmark: string;
  /** Items. */
  n: number;
  metrics: Record<string, Estimate>;
  results: ItemResult[];
  /** Items that could not be answered, which count as wrong, and why the first of them; absent where all could. */
  failed?: { items: number; first: string };
}

export async function evaluate(work: EvaluationWork, call: EvaluationCall = {}): Promise<Evaluation> {
  const { benchmark, items, files } = work;
  const comparesWithBase = benchmark.needs.baseAnswers === true && files.baseline === undefined;
  const baseAnswers =
    comparesWithBase && work.openBase ? await answersOf(work, work.openBase, 'base', call) : undefined;
  const answers = work.given ?? (await answersOf(work, work.openModel, 'answer', call));
  const results = await scoresOf(work, { answers, ...(baseAnswers && { baseAnswers }) }, call);
  const metrics = estimateMetrics(benchmark, results);
  for (const { name, value, low, high, unit } of benchmark.overall?.(items, results, files) ?? []) {
    metrics[name] = { value, low, high, unit, n: items.length };
  }
  const failed = failuresOf([...answers, ...(baseAnswers ?? [])]);
  return { benchmark: benchmark.name, n: items.length, metrics, results, ...(failed && { failed }) };
}

/** Answers are of the benchmark's own making: texts, numbers, or what else. */
function failuresOf(answers: readonly unknown[]): Evaluation['failed'] {
  const failures = answers.filter(
    (answer): answer is FailedRequest =>
      typeof answer === 'object' && answer !== null && isFailed(answer as FailedRequest) && 'id' in answer,
  );
  const [first] = failures;
  return first === undefined ? undefined : { items: failures.length, first: first.error.message };
}

async function answersOf(
  { benchmark, items, settings }: EvaluationWork,
  open: () => Promise<LanguageModel>,
  part: 'answer' | 'base',
  call: EvaluationCall,
): Promise<Answer[]> {
  const model = await open();
  call.onPart?.(part, items.length);
  const answers: Answer[] = [];
  const isWritten = benchmark.readAnswers !== undefined;
  const signals = [call.cancel, isWritten ? call.stop : undefined].filter((signal) => signal !== undefined);
  let finished = 0;
  const input = {
    ...{ benchmark, items, settings, chunk: isWritten ? chunks.written : chunks.scored },
    signal: AbortSignal.any(signals),
    onProgress: (progress: CallProgress) => {
      finished = progress.done;
      call.onProgress?.(progress);
    },
  };
  try {
    for await (const some of answerItems(input, model)) {
      answers.push(...some);
      stopIfAsked(call, 'answered', answers.length, items.length);
    }
  } catch (error) {
    if (isInterrupted(error)) throw stopped('answered', finished, items.length);
    throw error;
  }
  return answers;
}

function isInterrupted(error: unknown): boolean {
  return error instanceof IsheepError && error.code === 'interrupted';
}

/** Whether a judge has anything to judge. */
export function asksJudge({ benchmark, items, given }: Pick<EvaluationWork, 'benchmark' | 'items' | 'given'>): boolean {
  return benchmark.needs.judge === true && benchmark.needsJudge?.(items, given) !== false;
}

async function scoresOf(
  { benchmark, items, files, settings, given, openJudge, runProgram }: EvaluationWork,
  answered: Pick<ScoreInput, 'answers' | 'baseAnswers'>,
  call: EvaluationCall,
): Promise<ItemResult[]> {
  const judge = asksJudge({ benchmark, items, ...(given && { given }) }) ? await openJudge?.() : undefined;
  const isLong = judge !== undefined || benchmark.needs.programs === true;
  if (isLong) call.onPart?.('score', items.length);
  const results: ItemResult[] = [];
  // What is quick is scored at once.
  const together = isLong ? chunks.scored : Math.max(1, items.length);
  const input = {
    ...{ benchmark, items, ...answered },
    chunk: together,
    signal: call.cancel,
    ...(isLong ? onProgress(call) : {}),
  };
  const tools = { settings, files, ...(judge && { judge }), ...(runProgram && { runProgram }) };
  for await (const some of scoreAnswers(input, tools)) {
    results.push(...some);
    if (isLong) stopIfAsked(call, 'scored', results.length, items.length);
  }
  return results;
}

function onProgress({ onProgress }: EvaluationCall): Pick<EvaluationCall, 'onProgress'> {
  return onProgress === undefined ? {} : { onProgress };
}

function stopIfAsked({ stop, cancel }: EvaluationCall, what: string, done: number, total: number): void {
  if ((stop?.aborted !== true && cancel?.aborted !== true) || done === total) return;
  throw stopped(what, done, total);
}

function stopped(what: string, done: number, total: number): IsheepError {
  return new IsheepError('interrupted', `stopped after ${done} of ${total} items were ${what}`);
}
