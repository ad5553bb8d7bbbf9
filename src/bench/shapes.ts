// Shapes of published models, from their config.json, and the tensors that llama.cpp writes for one as Q4_K_M
// (tensor_type_fallback and llama_tensor_get_type of llama-quant.cpp; a test holds this against llama.cpp itself). Numbers
// and names only; random-model.ts writes files of them.

export interface Shape {
  architecture: 'llama' | 'qwen2';
  layers: number;
  /** Numbers of a token between layers. */
  width: number;
  feedForward: number;
  /** Their size is width / heads in all of these. */
  heads: number;
  kvHeads: number;
  vocabulary: number;
  /** The output matrix is the token embedding. */
  tiedOutput: boolean;
  ropeBase: number;
}

/** Llama 3.1's table of RoPE frequencies is left out: as many operations, other positions. */
export const shapes = {
  'smollm2-135m': shape('llama', 30, 576, 1536, 9, 3, 49152, 'tied', 100000),
  'tinyllama-1.1b': shape('llama', 22, 2048, 5632, 32, 4, 32000, 'untied', 10000),
  'qwen2.5-1.5b': shape('qwen2', 28, 1536, 8960, 12, 2, 151936, 'tied', 1000000),
  'qwen2.5-3b': shape('qwen2', 36, 2048, 11008, 16, 2, 151936, 'tied', 1000000),
  'llama-2-7b': shape('llama', 32, 4096, 11008, 32, 32, 32000, 'untied', 10000),
  'qwen2.5-7b': shape('qwen2', 28, 3584, 18944, 28, 4, 152064, 'untied', 1000000),
  'llama-3.1-8b': shape('llama', 32, 4096, 14336, 32, 8, 128256, 'untied', 500000),
} as const satisfies Record<string, Shape>;

export type ShapeName = keyof typeof shapes;

export type WeightType = 'F32' | 'Q4_K' | 'Q6_K' | 'Q5_0' | 'Q8_0';

export interface ShapeTensor {
  name: string;
  type: WeightType;
  /** A matrix as [in, out], a vector as [n]. */
  shape: readonly [number, number] | readonly [number];
}

/** Q4_K_M gives attn_v and ffn_down of some layers Q6_K: the first and last eighth, and every third between. */
export type LayerKind = 'plain' | 'more-bits';

/** The layers of the whole model. */
export function wholeLayers({ layers }: Shape): LayerKind[] {
  const eighth = Math.floor(layers / 8);
  const isLast = (i: number) => i >= Math.floor((7 * layers) / 8);
  return Array.from({ length: layers }, (_, i) =>
    i < eighth || isLast(i) || (i - eighth) % 3 === 2 ? 'more-bits' : 'plain',
  );
}

/** A few layers in their stead, half of each kind: whole models of 22 to 36 layers have 45 to 50 % with more bits. */
export function fewLayers(n: number): LayerKind[] {
  return Array.from({ length: n }, (_, i) => (i % 2 === 0 ? 'plain' : 'more-bits'));
}

export function tensorsOf(shape: Shape, layers: readonly LayerKind[]): ShapeTensor[] {
  const { width, vocabulary, tiedOutput } = shape;
  const embedding = matrix('token_embd', width, vocabulary, tiedOutput ? 'Q6_K' : 'Q4_K');
  const output = tiedOutput ? [] : [matrix('output', width, vocabulary, 'Q6_K')];
  return [
    embedding,
    ...layers.flatMap((kind, i) => layerTensors(shape, kind, `blk.${i}.`)),
    vector('output_norm.weight', width),
    ...output,
  ];
}

function layerTensors(shape: Shape, kind: LayerKind, prefix: string): ShapeTensor[] {
  const { width, feedForward } = shape;
  const kvWidth = (width / shape.heads) * shape.kvHeads;
  const better = kind === 'more-bits' ? 'Q6_K' : 'Q4_K';
  const biases = [
    vector(`${prefix}attn_q.bias`, width),
    vector(`${prefix}attn_k.bias`, kvWidth),
    vector(`${prefix}attn_v.bias`, kvWidth),
  ];
  return [
    vector(`${prefix}attn_norm.weight`, width),
    matrix(`${prefix}attn_q`, width, width, 'Q4_K'),
    matrix(`${prefix}attn_k`, width, kvWidth, 'Q4_K'),
    matrix(`${prefix}attn_v`, width, kvWidth, better),
    matrix(`${prefix}attn_output`, width, width, 'Q4_K'),
    ...(shape.architecture === 'qwen2' ? biases : []),
    vector(`${prefix}ffn_norm.weight`, width),
    matrix(`${prefix}ffn_gate`, width, feedForward, 'Q4_K'),
    matrix(`${prefix}ffn_up`, width, feedForward, 'Q4_K'),
    matrix(`${prefix}ffn_down`, feedForward, width, better),
  ];
}

/** Rows that 256 does not divide get types with blocks of 32. */
function matrix(name: string, n_in: number, n_out: number, type: 'Q4_K' | 'Q6_K'): ShapeTensor {
  const smaller = type === 'Q4_K' ? 'Q5_0' : 'Q8_0';
  return { name: `${name}.weight`, type: n_in % 256 === 0 ? type : smaller, shape: [n_in, n_out] };
}

function vector(name: string, n: number): ShapeTensor {
  return { name, type: 'F32', shape: [n] };
}

function shape(
  architecture: Shape['architecture'],
  layers: number,
  width: number,
  feedForward: number,
  heads: number,
  kvHeads: number,
  vocabulary: number,
  output: 'tied' | 'untied',
  ropeBase: number,
): Shape {
  const tiedOutput = output === 'tied';
  return { architecture, layers, width, feedForward, heads, kvHeads, vocabulary, tiedOutput, ropeBase };
}
