// linear.h's forward and backward out of sums of products (matrix-product.h), for processors that have the
// micro-kernel: frozen matrices are multiplied as the file has them, in both directions, and what an adapter adds is a
// term of the same sum. Where weights are copied for ggml's kernels
// (weights.h), ggml multiplies by them.
#pragma once

#include "training/linear.h"

namespace isheep {

// Of the frozen weights and adapters of a group; see linear_forward and linear_backward.
std::vector<ggml_tensor *> packed_forward(LinearContext & context, InputGroup group, ggml_tensor * x);
ggml_tensor * packed_backward(LinearContext & context, InputGroup group, ggml_tensor * x,
                              const std::vector<ggml_tensor *> & dy, bool wanted);

}  // namespace isheep
