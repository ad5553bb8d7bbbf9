// What one process of the generate benchmark is asked, and what it tells: files between generate.ts and its children.
import type { GenerateRequest } from '../engine/engine.js';

export interface GenerateJobFile {
  model: string;
  threads: number;
  device: string;
  /** Sequences that run at once; what the engine takes by itself where it is not said. */
  parallel?: number;
  /** All generate `maxTokens`, and none ends before. */
  requests: GenerateRequest[];
  /** Whether the time until the first token of every request is measured, too. */
  prefill: boolean;
}

export interface GenerateMeasurement {
  /** Of the whole call. */
  seconds: number;
  /** Of a call for one token a request, and its tokens; 0 where it was not asked for. */
  prefillSeconds: number;
  prefillTokens: number;
  /** Generated in the whole call. */
  tokens: number;
  peakMib: number;
}
