// attention.h's forward and backward as single nodes, for processors that have the micro-kernel: head by head and block
// by block of queries, so that scores, probabilities and their gradients never leave the cache.
#pragma once

#include "training/attention.h"

namespace isheep {

// -> [head_dim * n_heads, n_rows], into `place` unless that is null.
ggml_tensor * packed_attention_forward(Graph & g, const AttentionShape & shape, const MicroBatch & batch,
                                       const AttentionInput & input, ggml_tensor * place);

// See attention_backward.
AttentionInput packed_attention_backward(Graph & g, const AttentionShape & shape, const MicroBatch & batch,
                                         const AttentionInput & input, ggml_tensor * output, ggml_tensor * d);

}  // namespace isheep
