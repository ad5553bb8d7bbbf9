// Sums of matrix products as one node of a graph, on processors with the micro-kernel (micro-kernel.h). What ggml's own
// product does not do: it reads a matrix of any stored type in both directions, so that W x and W^T dy need no second
// copy of W; adds several products up without passing over memory for each; and runs two to four times as fast.
// Numbers are multiplied in BF16 and added up in F32, in an order that does not depend on the number of threads.
#pragma once

#include "training/graph.h"

#include <vector>

namespace isheep {

enum class Reading {
    across,  // [k, n]: the matrix's rows are the columns of the result, as in ggml_mul_mat
    along,   // [n, k]: its rows are what is summed over, as with a transposed matrix
};

// rows^T matrix, of the shape [n, m].
struct ProductTerm {
    ggml_tensor * rows;    // BF16 [k, m], contiguous rows, k even
    ggml_tensor * matrix;  // of any type with to_float, contiguous rows
    Reading reading;
};

// -> F32 [n, m]: the sum of the terms and of `addend` (F32 [n, m], or null). The first term is multiplied by
// `mask` (F32 [n, m], or null), number by number.
ggml_tensor * product_sum(Graph & g, const std::vector<ProductTerm> & terms, ggml_tensor * mask = nullptr,
                          ggml_tensor * addend = nullptr);

// F32 [n, m] -> BF16 [n, m]. `factors` (F32 [n, m], or null): what each number is multiplied by first.
ggml_tensor * to_bf16(Graph & g, ggml_tensor * t, ggml_tensor * factors = nullptr);

// F32 [n, m] -> BF16 [m, n]
ggml_tensor * to_bf16_transposed(Graph & g, ggml_tensor * t);

}  // namespace isheep
