// What is known of a program that was run; who asks for it knows nothing of how it is shut in.

/** A program that a model wrote, run where it can do no harm. */
export interface ProgramRun {
  outcome: 'passed' | 'failed' | 'timed-out' | 'out-of-memory' | 'too-much-output';
  /** The end of what it said, for a person. */
  detail: string;
}

export interface RunOptions {
  /** Of the program's own time; 3 by default. */
  seconds?: number | undefined;
  signal?: AbortSignal | undefined;
}

export type RunProgram = (program: string, options: RunOptions) => Promise<ProgramRun>;
