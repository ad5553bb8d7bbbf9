// Work of the addon on GGUF files that no object outlives (addon-types.ts has the functions).

export interface NativeRequantizeOptions {
  input: string;
  output: string;
  /** q8_0, q4_k_m, f16, f32… */
  type: string;
  /** Every matrix of that very type; otherwise llama.cpp gives some tensors more bits. */
  pure: boolean;
  threads: number;
}

export interface NativeMergeOptions {
  base: string;
  /** Goes into the metadata; an adapter that names another base is refused. */
  baseSha256: string;
  adapters: readonly { path: string; scale: number; sha256: string }[];
  output: string;
  /** same: each tensor keeps its type; or as for requantize. */
  type: string;
  /** Written into the model instead of the base's; "": the base's stays. */
  chatTemplate: string;
  threads: number;
}

export interface NativeMerge {
  report: Promise<NativeMergeReport>;
  /** Makes `report` reject with the code "interrupted", soon; nothing of the file is left. */
  cancel(): void;
}

export interface NativeMergeReport {
  tensors: number;
  /** Those that an adapter changes. */
  merged: number;
  /** Matrices whose rows the blocks of the type do not divide, so that they got another type. */
  fellBack: number;
  /** Of the file. */
  bytes: number;
  /** With D what the adapters add and D' by how much the written numbers differ from the base's: <D, D'> / <D, D>. */
  survived: number;
  /** |D' - D| / |D|. */
  noise: number;
  /** The tensor of which least survived, and how much; "" where the adapters add nothing. */
  worstTensor: string;
  worstSurvived: number;
}
