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
];
