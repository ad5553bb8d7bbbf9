// Causal attention inside each sample of a micro-batch, forward and backward. Query heads share key heads in groups of
// n_heads / n_kv_heads. Nothing of the size rows x rows of a whole micro-batch is ever made.
#pragma once

#include "training/batch-tensors.h"

namespace isheep {

struct AttentionShape {
    int head_dim, n_heads, n_kv_heads;
    int window;              // keys that a query sees, itself included; 0: all before it
    float scale;             // of the scores
    ggml_tensor * head_sum;  // of SumTensors
    bool packed;             // products by the micro-kernel (packed-attention.h)
};

// q [head_dim, n_heads, n_rows], k and v [head_dim, n_kv_heads, n_rows]; q and k rotated.
struct AttentionInput {
    ggml_tensor *q, *k, *v;
};

// -> [head_dim * n_heads, n_rows], into `place` unless that is null.
ggml_tensor * attention_forward(Graph & g, const AttentionShape & shape, const BatchTensors & batch,
                                const AttentionInput & input, ggml_tensor * place);

// `output`: of attention_forward; `d`: its gradient, contiguous. -> the gradients of q, k and v, where those of q and k
// still lack the factor `scale` (the caller rotates them back and multiplies at once).
AttentionInput attention_backward(Graph & g, const AttentionShape & shape, const BatchTensors & batch,
                                  const AttentionInput & input, ggml_tensor * output, ggml_tensor * d);

// How many nodes of a graph all of this takes at most, forward and backward.
size_t attention_nodes(const MicroBatch & batch);

}  // namespace isheep
