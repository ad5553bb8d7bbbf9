// What graphs of ours have and llama.cpp's operator lists do not say yes to, though the source of the release does. Each
// names the line that accepts it; the test looks whether that line still says so.
import type { Backend, GraphNode } from './operator-lists.js';

export interface OperatorException {
  backend: Backend;
  /** What is accepted, in words. */
  what: string;
  accepts: (node: GraphNode) => boolean;
  /** Release of llama.cpp, file and line, and what that line says. */
  release: string;
  file: string;
  line: number;
  says: string;
}

/** Sources with gaps between whole rows: the lists try permuted ones and slices without gaps. */
const rowsOfF32 = ({ op, sources }: GraphNode) =>
  ['ADD', 'SUB', 'MUL', 'DIV'].includes(op) &&
  sources.every(({ type, layout }) => type === 'f32' && layout !== 'permuted');
const binaryOverRows = { what: 'ADD, SUB, MUL and DIV of F32 over rows with gaps', accepts: rowsOfF32 };

const cpuProduct = (type: string, line: number, product: string): OperatorException => ({
  backend: 'CPU',
  what: `products of F32 with ${type}, newer than the list`,
  accepts: ({ op, sources: [a, b] }) => op === 'MUL_MAT' && a?.type === type && b?.type === 'f32',
  release: 'v0.4.0',
  file: 'ggml/src/ggml-cpu/ggml-cpu.c',
  line,
  says: product,
});

const getsRowsOf =
  (type: string) =>
  ({ op, sources: [a] }: GraphNode) =>
    op === 'GET_ROWS' && a?.type === type;

const cpuRows = (type: string, line: number): OperatorException => ({
  backend: 'CPU',
  what: `rows of ${type}, newer than the list`,
  accepts: getsRowsOf(type),
  release: 'v0.4.0',
  file: 'ggml/src/ggml-cpu/ops.cpp',
  line,
  says: `case GGML_TYPE_${type.toUpperCase()}:`,
});

/** The list denies what the source of the same release accepts. */
const cudaRows = (type: string, line: number): OperatorException => ({
  backend: 'CUDA',
  what: `rows of ${type}`,
  accepts: getsRowsOf(type),
  release: 'v0.4.0',
  file: 'ggml/src/ggml-cuda/ggml-cuda.cu',
  line,
  says: `case GGML_TYPE_${type.toUpperCase()}:`,
});

export const operatorExceptions: readonly OperatorException[] = [
  {
    backend: 'CUDA',
    ...binaryOverRows,
    release: 'v0.4.0',
    file: 'ggml/src/ggml-cuda/ggml-cuda.cu',
    line: 5394,
    says: 'return (op->src[0]->type == GGML_TYPE_F32 || op->src[0]->type == GGML_TYPE_F16) &&',
  },
  {
    backend: 'Metal',
    ...binaryOverRows,
    release: 'v0.4.0',
    file: 'ggml/src/ggml-metal/ggml-metal-device.m',
    line: 1622,
    says: 'return ggml_is_contiguous_rows(op->src[0]) && ggml_is_contiguous_rows(op->src[1]) &&',
  },
  {
    backend: 'CPU',
    what: 'flash attention over keys and values in F32, which the list does not try',
    accepts: ({ op, sources: [, keys, values] }) =>
      op === 'FLASH_ATTN_EXT' && keys?.type === 'f32' && values?.type === 'f32',
    release: 'v0.4.0',
    file: 'ggml/src/ggml-cpu/ops.cpp',
    line: 9260,
    says: 'k->type == GGML_TYPE_F32',
  },
  {
    backend: 'CPU',
    what: 'nodes of our own code, which fill inputs and transpose',
    accepts: ({ op }) => op === 'CUSTOM',
    release: 'v0.4.0',
    file: 'ggml/src/ggml-cpu/ggml-cpu.c',
    line: 2119,
    says: 'case GGML_OP_CUSTOM:',
  },
  cpuProduct('q1_0', 230, 'ggml_vec_dot_q1_0_q8_0'),
  cpuProduct('q2_0', 236, 'ggml_vec_dot_q2_0_q8_0'),
  cpuProduct('nvfp4', 295, 'ggml_vec_dot_nvfp4_q8_0'),
  cpuProduct('tq1_0', 403, 'ggml_vec_dot_tq1_0_q8_K'),
  cpuProduct('tq2_0', 409, 'ggml_vec_dot_tq2_0_q8_K'),
  cpuRows('q1_0', 5153),
  cpuRows('q2_0', 5154),
  cpuRows('nvfp4', 5162),
  cpuRows('tq1_0', 5168),
  cpuRows('tq2_0', 5169),
  cudaRows('q2_K', 5191),
  cudaRows('q3_K', 5192),
  cudaRows('q4_K', 5193),
  cudaRows('q5_K', 5194),
  cudaRows('q6_K', 5195),
  cudaRows('iq2_xxs', 5196),
  cudaRows('iq2_xs', 5197),
  cudaRows('iq2_s', 5198),
  cudaRows('iq3_xxs', 5199),
  cudaRows('iq3_s', 5200),
  cudaRows('iq1_s', 5201),
  cudaRows('iq1_m', 5202),
  cudaRows('iq4_xs', 5203),
];
