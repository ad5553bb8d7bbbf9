// What a run tells while it works. The terminal, --json and the run's log all read these; nothing else is printed.
import type { TrainEvent } from '../engine/engine.js';
import type { SelfAgreement } from '../stages/assess/agreement.js';
import type { Diversity } from './diversity.js';
import type { MergeResult } from './merging.js';
import type { GateResult, SelectResult } from './stored-rows.js';

export type StageName =
  'synthesize' | 'respond' | 'filter' | 'assess' | 'select' | 'train' | 'evaluate' | 'gate' | 'merge';

export type RunEvent =
  | { kind: 'run-started'; runDir: string; continued: boolean; iterations: number }
  /** A run of an ablation, counted from 1. */
  | { kind: 'cell-started'; variant: string; seed: number; cell: number; of: number }
  | ({ kind: 'iteration-started'; of: number } & Pick<IterationSummary, 'iteration' | 'model' | 'instructionsBy'>)
  /** `total` is what the stage aims at, in `unit`; `done` what earlier processes have already committed. */
  | { kind: 'stage-started'; iteration: number; stage: StageName; unit: string; total: number; done: number }
  /** `doing`: what the count does not say: what comes before there is anything to count, responses that are asked for again,
   *  a part of the gate. `total` where only the work told what the stage aims at. */
  | {
      kind: 'stage-progress';
      iteration: number;
      stage: StageName;
      done: number;
      tokens: number;
      doing?: string;
      total?: number;
    }
  | { kind: 'stage-finished'; iteration: number; stage: StageName; seconds: number; note: string }
  | { kind: 'training'; iteration: number; event: TrainEvent }
  | { kind: 'warning'; message: string }
  | { kind: 'run-finished'; summary: RunSummary };

/** What happened in one iteration: the figures of the summary at the end of a run. */
export interface IterationSummary {
  iteration: number;
  /** What wrote this iteration's data: the base, the adapter of the iteration before (its sha256), or an endpoint's model. */
  model: 'base' | { adapterSha256: string } | { endpoint: string };
  /** Where another wrote its instructions (synthesize.writer). */
  instructionsBy?: 'base';
  synthesize: {
    requests: number;
    parsed: number;
    kept: number;
    /** Count a reason: texts that could not be parsed, and candidates that a filter rejected. */
    rejected: Record<string, number>;
  };
  respond: {
    responses: number;
    /** Of all attempts. */
    tokens: number;
    stopped: Record<string, number>;
    /** Where instructions carry constraints: responses to such, and how many met all of them, in the end and at once. */
    constraints?: { responses: number; met: number; metAtFirst: number };
  };
  filter: { passed: number; rejected: Record<string, number> };
  assess: {
    method: string;
    why: string;
    assessed: number;
    failed: Record<string, number>;
    /** Spearman's rank correlation of scores and words of the responses; null where there are fewer than ten. */
    lengthCorrelation: number | null;
    /** Where pairs were graded more than once. */
    agreement?: SelfAgreement;
  };
  /** `kept`: of this iteration; what is trained on beside them, as `SelectResult` has it. */
  select: { kept: number } & SelectResult;
  /** Of the pairs that this iteration kept; and what has become worse since iteration 1, measured on equally many pairs. */
  diversity: Diversity & { alarms: string[] };
  train: {
    pairs: number;
    heldOut: number;
    tooLong: number;
    cut: number;
    cutTokens: number;
    /** Made, and planned before an early stop. */
    steps: number;
    plannedSteps: number;
    /** Whose adapter was written. */
    adapterStep: number;
    tokens: number;
    lossTokens: number;
    firstLoss: number;
    lastLoss: number;
    adapter: string;
    adapterSha256: string;
  };
  evaluate: {
    /** Nats a token on the iteration's own held-out pairs. */
    heldOutLossBase: number | null;
    heldOutLossAdapter: number | null;
    /** Nats a token on the seeds' own responses, the set that all iterations share; absent where no seed has one. */
    seedPairs?: number;
    seedLossBase?: number;
    seedLossAdapter?: number;
  };
  /** What the gate measured and decided, where there is one. */
  gate?: GateResult;
  /** Where the iteration left a merged model. */
  merge?: MergeResult & { model: string };
  /** Of its stages. */
  seconds: Partial<Record<StageName, number>>;
}

export interface RunSummary {
  runDir: string;
  /** The base, as the run was told of it: a known name or a file. */
  model: string;
  iterations: IterationSummary[];
  /** Iteration that the gate found best; without a gate, whose adapter lowers the loss most on the seeds' own responses. Null
   *  where the base is best (exit code 3). */
  best: number | null;
  /** Whether the gate ended the run before its last iteration. */
  isEndedByGate: boolean;
  seconds: number;
}

export type Reporter = (event: RunEvent) => void;
