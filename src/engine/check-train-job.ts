// Checks of a training job before anything native sees it; all problems are reported at once.
import { isCount, throwProblems, wording } from './check-requests.js';
import type { TrainerSettings, TrainJob } from './engine.js';

const knownTargets: readonly string[] = ['q', 'k', 'v', 'o', 'gate', 'up', 'down'];
const schedules: readonly string[] = ['cosine', 'linear', 'constant'];
const largest = 2 ** 31 - 1;

/** Throws `bad-config`. */
export function checkTrainJob(job: TrainJob): void {
  const problems: string[] = [];
  const add = (name: string, expected: string, value: unknown): void => {
    problems.push(wording(name, expected, value));
  };
  checkLora(job.settings, add);
  checkSteps(job.settings, add);
  checkBatches(job.settings, add);
  if (typeof job.adapterPath !== 'string' || job.adapterPath === '') add('adapterPath', 'a path', job.adapterPath);
  throwProblems('bad-config', problems);
}

type Add = (name: string, expected: string, value: unknown) => void;

function checkLora({ rank, alpha, dropout, targets }: TrainerSettings, add: Add): void {
  if (!isCount(rank, 1, 1024)) add('rank', 'a whole number from 1 to 1024', rank);
  if (!isAbove(alpha, 0)) add('alpha', 'a number above 0', alpha);
  if (!(dropout >= 0 && dropout < 1)) add('dropout', 'a number from 0 to below 1', dropout);
  const good = targets.length > 0 && targets.every((target) => knownTargets.includes(target));
  const once = new Set(targets).size === targets.length;
  if (!good || !once) add('targets', `some of ${knownTargets.join(', ')}, each once`, targets);
}

function checkSteps(settings: TrainerSettings, add: Add): void {
  const { learningRate, schedule, warmupSteps, weightDecay, maxGradNorm, epochs, steps = 1 } = settings;
  const { evaluateEvery = 1, patience } = settings;
  if (!isAbove(learningRate, 0)) add('learningRate', 'a number above 0', learningRate);
  if (!schedules.includes(schedule)) add('schedule', `one of ${schedules.join(', ')}`, schedule);
  if (!isCount(warmupSteps, 0, largest)) add('warmupSteps', 'a whole number from 0', warmupSteps);
  if (!(weightDecay >= 0 && weightDecay < Infinity)) add('weightDecay', 'a number from 0', weightDecay);
  if (!(maxGradNorm >= 0 && maxGradNorm < Infinity)) add('maxGradNorm', 'a number from 0', maxGradNorm);
  if (!(epochs > 0 && epochs <= 1e4)) add('epochs', 'a number above 0, at most 10000', epochs);
  if (!isCount(steps, 1, largest)) add('steps', 'a whole number from 1', steps);
  if (!isCount(evaluateEvery, 1, largest)) add('evaluateEvery', 'a whole number from 1', evaluateEvery);
  if (!isCount(patience, 0, largest)) add('patience', 'a whole number from 0', patience);
}

function checkBatches(settings: TrainerSettings, add: Add): void {
  const { accumulate, batchTokens = 1 } = settings;
  if (!isCount(accumulate, 1, largest)) add('accumulate', 'a whole number from 1', accumulate);
  if (!isCount(batchTokens, 1, largest)) add('batchTokens', 'a whole number from 1', batchTokens);
  if (!isCount(settings.batchSize, 1, largest)) add('batchSize', 'a whole number from 1', settings.batchSize);
  if (!isCount(settings.maxLength, 2, 2 ** 20)) {
    add('maxLength', 'a whole number from 2 to 1048576', settings.maxLength);
  }
  if (!isCount(settings.microBatchTokens, 1, 2 ** 20)) {
    add('microBatchTokens', 'a whole number from 1 to 1048576', settings.microBatchTokens);
  }
  if (!isCount(settings.seed, 0, 2 ** 32 - 1)) add('seed', 'a whole number from 0 to 4294967295', settings.seed);
}

function isAbove(value: number, low: number): boolean {
  return value > low && value < Infinity;
}
