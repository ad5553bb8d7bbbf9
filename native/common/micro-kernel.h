// The inner part of matrix products of numbers in BF16, on x86 with AMX BF16, AVX-512 BF16 or AVX2 and FMA: one tile of
// a result, out of rows and packed panels, summed in F32. Knows neither ggml's tensors nor threads; matrix-product.h
// does.
#pragma once

#include <cstdint>

namespace isheep {

using Bf16 = uint16_t;  // the upper half of a float

constexpr int panel_columns = 32;

// The sum over k of rows[r][k] * panel[k][c]. A panel holds, for each pair of k, the pair's numbers of every column: 64
// numbers a pair, the columns that a matrix lacks filled with zeros.
struct TileTerm {
    const Bf16 * rows;     // of the tile's first row
    int64_t row_stride;    // numbers from one row to the next
    const Bf16 * panel;    // of the tile's first columns
    int64_t panel_stride;  // numbers from one panel to the next
    int64_t k;             // even
};

struct Tile {
    const TileTerm * terms;
    int n_terms;
    // What the first n_masked terms give is multiplied by the mask, number by number, before the others are added.
    int n_masked;
    const float * mask;
    int64_t mask_stride;
    const float * addend;  // added to the sum, or null; may be the result itself
    int64_t addend_stride;
    float * result;
    int64_t result_stride;
    int n_rows, n_columns;  // at most tile_rows(), and the columns of tile_panels()
};

// So many columns of a panel are written at once.
constexpr int packed_columns = 16;

// Columns of a panel, out of packed_columns rows of k numbers each, k even. `panel`: the place of the first pair of the
// first of these columns.
void put_columns(const Bf16 * const * rows, int64_t k, Bf16 * panel);
// A pair of a panel's rows, out of n columns of each (n at most panel_columns; the rest become zeros). `to`: the pair's
// place in the panel.
void put_pair(const Bf16 * a, const Bf16 * b, int64_t n, Bf16 * to);

// Whether this processor has one of the kernel's forms; once ggml's backends are loaded. Nothing below is called where
// it has none.
bool has_micro_kernel();
// The instructions that it is made of; "" where there is none.
const char * micro_kernel_name();

// Rows and panels of a tile at most: as many as are fast together; of the latter 1 to most_tile_panels.
int tile_rows();
int tile_panels();
constexpr int most_tile_panels = 4;
// Threads share rows in multiples of it: any form computes so many together.
constexpr int shared_rows = 16;

void compute_tile(const Tile & tile);

// One column of scores after the other becomes exp(scale * score) / sum, as numbers and rounded: the softmax of
// attention. scores [n_keys][stride], rounded [n_keys][stride]; n_columns a multiple of 16 of them.
void softmax_columns(float * scores, int64_t n_keys, int n_columns, int64_t stride, float scale, Bf16 * rounded);

// Its backward pass: d_scores = p (dp - dot), rounded; `dots` [n_columns] hold the sum of p dp of each column.
void softmax_columns_backward(const float * p, const float * dp, const float * dots, int64_t n_keys, int n_columns,
                              int64_t stride, Bf16 * d_scores);

// -log of the softmax of n logits at `target`. Where `gradient` is given, it becomes the softmax, less 1 at the target,
// rounded; it may begin where the logits do.
double cross_entropy(const float * logits, int64_t n, int64_t target, Bf16 * gradient);

float dot(const float * a, const float * b, int64_t n);

// Rounded to the nearest, ties to even. `factors`: what each number is multiplied by first, or null.
void round_to_bf16(const float * from, const float * factors, Bf16 * to, int64_t n);

}  // namespace isheep
