// The numbers of one merged tensor, row by row: W + sum of scale * B * A, written in a type, and how much of what the
// adapters add is found again in what was written.
#pragma once

#include "adapter/lora-gguf.h"
#include "ggml.h"

#include <cstdint>
#include <string>
#include <vector>

namespace isheep {

// What an adapter adds to a tensor is scale * B * A.
struct Addition {
    const LoraPair * pair;
    float scale;
};

// Sums over weights, of D, what the adapters add, and D', by how much the written numbers differ from the base's.
struct MergeSums {
    double intended = 0;  // D * D
    double kept = 0;      // D * D'
    double missed = 0;    // (D' - D)^2

    void add(const MergeSums & other);
    // The share of D that is in D': its projection, kept / intended. 1: all; 0: nothing. 1 where D is zero.
    double survived() const;
    // Length of D' - D relative to that of D: what rounding added beside and took away.
    double noise() const;
};

class RowMerger {
public:
    // tensor: the base's, with its name, shape and type.
    RowMerger(const ggml_tensor * tensor, ggml_type output_type, std::vector<Addition> additions);

    // Rows first to first + n_rows - 1 of `input`, bytes in the base's type, into `output`. A row to which nothing is
    // added and whose type stays is copied. The result does not depend on n_threads. Throws Error(bad_input) where a
    // number is not finite or has no place in the type.
    MergeSums merge(const uint8_t * input, int64_t first, int64_t n_rows, uint8_t * output, int n_threads) const;

private:
    struct Scratch {
        std::vector<float> weights, added, sum, found;  // [n_in] each
    };
    MergeSums merge_row(const uint8_t * input, int64_t row, uint8_t * output, Scratch & scratch) const;
    bool add_up(int64_t row, std::vector<float> & added) const;
    void check_finite(const std::vector<float> & values, bool written) const;

    std::string name_;
    ggml_type input_type_, output_type_;
    int64_t n_in_;
    std::vector<Addition> additions_;
};

}  // namespace isheep
