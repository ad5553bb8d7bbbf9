// Panels of a matrix for the micro-kernel: some of the result's columns, all or part of what is summed over, in BF16.
#pragma once

#include "common/micro-kernel.h"

#include "ggml.h"

#include <vector>

namespace isheep {

// Numbers of packed panels that a thread goes through again and again, at most: 512 KiB, half of a usual second-level
// cache.
constexpr int64_t most_packed = 256 << 10;

// Column `column` of a panel, out of k numbers that lie one after the other.
void put_column(const Bf16 * numbers, int64_t k, int column, Bf16 * panel);

// result [n_rows][result_stride] = rows * panels, or is added to. rows [n_rows][row_stride] of k numbers; the panels
// follow each other, k * panel_columns numbers each.
struct PanelProduct {
    const Bf16 * rows;
    int64_t row_stride;
    const Bf16 * panels;
    int64_t k;
    float * result;
    int64_t result_stride;
};
void multiply(const PanelProduct & product, int64_t n_rows, int64_t n_columns, bool add = false);

// Reads rows of a matrix of any type as BF16. One thread uses it at a time.
class MatrixReader {
public:
    explicit MatrixReader(const ggml_tensor * matrix) : matrix_(matrix) {}
    // Numbers first … first + n of a row; `first` is a multiple of the type's block. Valid until the next call with the
    // same `place`, below packed_columns.
    const Bf16 * read(int64_t row, int64_t first, int64_t n, int place = 0);
    int64_t block() const { return ggml_blck_size(matrix_->type); }
    const ggml_tensor * matrix() const { return matrix_; }

private:
    const ggml_tensor * matrix_;
    std::vector<float> floats_;
    std::vector<Bf16> rounded_[packed_columns];
};

// Result columns from … from + panel_columns are rows of the matrix; k runs over numbers first … first + k of them.
// `panel` has room for k * panel_columns numbers.
void pack_across(MatrixReader & reader, int64_t from, int64_t first, int64_t k, Bf16 * panel);

// Result columns from … from + n_panels * panel_columns are numbers of the matrix's rows; k runs over rows first …
// first + k. The panels follow each other, `panel_stride` numbers apart.
void pack_along(MatrixReader & reader, int64_t from, int n_panels, int64_t first, int64_t k, Bf16 * panels,
                int64_t panel_stride);

}  // namespace isheep
