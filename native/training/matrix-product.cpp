#include "training/matrix-product.h"

#include "common/panel.h"
#include "common/work-pieces.h"

#include <algorithm>

namespace isheep {
namespace {

// Columns that are packed together at least, where a thread has so many: long pieces of a matrix are read faster.
constexpr int64_t wide_columns = 128;

// What a node of product_sum has as sources: rows and matrix of each term, then mask and addend where there are such.
struct Recipe {
    std::vector<Reading> readings;
    bool has_mask, has_addend;
    WorkPieces pieces;
};

// Part of a term: what is summed over from `first` to first + k.
struct Slice {
    int term;
    int64_t first, k;
};

// One thread's work on one node.
class SumOfProducts {
public:
    SumOfProducts(ggml_tensor * result, Recipe & recipe) : result_(result), recipe_(recipe) {
        const int n_terms = (int) recipe.readings.size();
        for (int i = 0; i < n_terms; i++) {
            readers_.emplace_back(result->src[2 * i + 1]);
            if (recipe.readings[i] == Reading::along) unit_ = std::max(unit_, readers_.back().block());
        }
        if (recipe.has_mask) mask_ = result->src[2 * n_terms];
        if (recipe.has_addend) addend_ = result->src[2 * n_terms + (recipe.has_mask ? 1 : 0)];
        slice();
    }

    // Columns are shared out; where there are few of them, rows are, too.
    void run(int nth) {
        const int64_t n_rows = result_->ne[1], n_units = (result_->ne[0] + unit_ - 1) / unit_;
        const int64_t row_tiles = (n_rows + shared_rows - 1) / shared_rows;
        const int64_t row_parts = n_units >= 2 * nth ? 1 : std::min<int64_t>(nth, row_tiles);
        const int64_t group = std::max<int64_t>(1, wide_columns / unit_);
        for (;;) {
            auto [item, to] = recipe_.pieces.take(n_units * row_parts, nth, group);
            if (item == to) return;
            for (int64_t n; item < to; item += n) {
                const int64_t unit = item % n_units;
                n = std::min(n_units - unit, to - item);
                const auto [first, last] = part_of(row_tiles, (int) (item / n_units), (int) row_parts);
                compute(unit * unit_, std::min((unit + n) * unit_, result_->ne[0]), first * shared_rows,
                        std::min<int64_t>(last * shared_rows, n_rows));
            }
        }
    }

private:
    const ggml_tensor * rows_of(int term) const { return result_->src[2 * term]; }

    // Cuts the terms into passes whose panels fit the cache; what a pass gives is added to what earlier ones gave.
    void slice() {
        const int64_t most = std::max<int64_t>(most_packed / std::max(unit_, wide_columns) / 256 * 256, 256);
        int64_t room = 0;
        for (int term = 0; term < (int) recipe_.readings.size(); term++) {
            const int64_t k = rows_of(term)->ne[0];
            for (int64_t first = 0; first < k;) {
                if (room < 256) {
                    passes_.emplace_back();
                    room = most;
                }
                const int64_t length = std::min(k - first, room / 256 * 256);
                passes_.back().push_back({term, first, length});
                first += length;
                room -= length;
            }
        }
    }

    void compute(int64_t column, int64_t to_column, int64_t from_row, int64_t to_row) {
        const int n_panels = (int) ((to_column - column + panel_columns - 1) / panel_columns);
        for (size_t pass = 0; pass < passes_.size(); pass++) {
            pack(passes_[pass], column, n_panels);
            for (int panel = 0; panel < n_panels; panel += tile_panels())
                compute_panels(pass, column, panel, n_panels, from_row, to_row);
        }
    }

    // packed_: of each slice all panels, slice after slice.
    void pack(const std::vector<Slice> & slices, int64_t column, int n_panels) {
        int64_t size = 0;
        for (const Slice & slice : slices) size += slice.k * panel_columns * n_panels;
        packed_.resize(std::max(packed_.size(), (size_t) size));
        Bf16 * to = packed_.data();
        for (const Slice & slice : slices) {
            MatrixReader & reader = readers_[slice.term];
            if (recipe_.readings[slice.term] == Reading::along) {
                pack_along(reader, column, n_panels, slice.first, slice.k, to, slice.k * panel_columns);
            } else {
                for (int p = 0; p < n_panels; p++) {
                    pack_across(reader, column + p * panel_columns, slice.first, slice.k,
                                to + p * slice.k * panel_columns);
                }
            }
            to += slice.k * panel_columns * n_panels;
        }
    }

    // From `panel` on as many of the n_panels that are packed as make a tile. `column`: the first that is packed.
    void compute_panels(size_t pass, int64_t column, int panel, int n_panels, int64_t from_row, int64_t to_row) {
        const std::vector<Slice> & slices = passes_[pass];
        std::vector<TileTerm> terms;
        const Bf16 * packed = packed_.data();
        Tile tile{};
        for (const Slice & slice : slices) {
            terms.push_back({nullptr, (int64_t) (rows_of(slice.term)->nb[1] / sizeof(Bf16)),
                             packed + panel * slice.k * panel_columns, slice.k * panel_columns, slice.k});
            packed += slice.k * panel_columns * n_panels;
            if (mask_ && slice.term == 0) tile.n_masked++;
        }
        const int64_t n_columns = std::min(n_panels - panel, tile_panels()) * panel_columns;
        column += panel * panel_columns;
        const ggml_tensor * addend = pass > 0 ? result_ : addend_;
        auto place = [&](const ggml_tensor * t, int64_t row) {
            return t ? (float *) ((char *) t->data + row * t->nb[1]) + column : nullptr;
        };
        auto stride = [](const ggml_tensor * t) { return t ? (int64_t) (t->nb[1] / sizeof(float)) : 0; };
        tile.terms = terms.data();
        tile.n_terms = (int) terms.size();
        tile.mask_stride = stride(mask_);
        tile.addend_stride = stride(addend);
        tile.result_stride = stride(result_);
        tile.n_columns = (int) std::min(n_columns, result_->ne[0] - column);
        for (int64_t row = from_row; row < to_row; row += tile_rows()) {
            for (size_t i = 0; i < slices.size(); i++) {
                const ggml_tensor * rows = rows_of(slices[i].term);
                terms[i].rows = (const Bf16 *) ((const char *) rows->data + row * rows->nb[1]) + slices[i].first;
            }
            tile.mask = place(mask_, row);
            tile.addend = place(addend, row);
            tile.result = place(result_, row);
            tile.n_rows = (int) std::min<int64_t>(tile_rows(), to_row - row);
            compute_tile(tile);
        }
    }

    ggml_tensor * result_;
    Recipe & recipe_;
    std::vector<MatrixReader> readers_;  // of the terms' matrices
    int64_t unit_ = panel_columns;       // columns that are packed together: whole blocks of every matrix
    const ggml_tensor *mask_ = nullptr, *addend_ = nullptr;
    std::vector<std::vector<Slice>> passes_;
    static thread_local std::vector<Bf16> packed_;  // one for all nodes
};

thread_local std::vector<Bf16> SumOfProducts::packed_;

void compute_sum(ggml_tensor * result, int, int nth, void * recipe) {
    SumOfProducts(result, *(Recipe *) recipe).run(nth);
}

void round_rows(ggml_tensor * result, int ith, int nth, void *) {
    const ggml_tensor *from = result->src[0], *factors = result->src[1];
    const int64_t n = result->ne[0];
    const auto [first, last] = part_of(ggml_nrows(result), ith, nth);
    for (int64_t row = first; row < last; row++) {
        round_to_bf16((const float *) from->data + row * n, factors ? (const float *) factors->data + row * n : nullptr,
                      (Bf16 *) result->data + row * n, n);
    }
}

// Each thread takes some rows of the result: some columns of the source.
void round_transposed(ggml_tensor * result, int ith, int nth, void *) {
    const ggml_tensor * from = result->src[0];
    const auto [first, last] = part_of(result->ne[1], ith, nth);
    if (first == last) return;
    std::vector<Bf16> row((size_t) (last - first));
    for (int64_t i = 0; i < result->ne[0]; i++) {
        round_to_bf16((const float *) ((const char *) from->data + i * from->nb[1]) + first, nullptr, row.data(),
                      last - first);
        for (int64_t j = first; j < last; j++)
            ((Bf16 *) result->data)[j * result->ne[0] + i] = row[(size_t) (j - first)];
    }
}

}  // namespace

ggml_tensor * product_sum(Graph & g, const std::vector<ProductTerm> & terms, ggml_tensor * mask, ggml_tensor * addend) {
    GGML_ASSERT(!terms.empty());
    if (2 * terms.size() + (mask ? 1 : 0) + (addend ? 1 : 0) >= GGML_MAX_SRC) {  // a node has so many sources at most
        const std::vector<ProductTerm> fewer(terms.begin(), terms.end() - 1);
        return product_sum(g, fewer, mask, product_sum(g, {terms.back()}, nullptr, addend));
    }
    const auto recipe = std::make_shared<Recipe>();
    recipe->has_mask = mask != nullptr;
    recipe->has_addend = addend != nullptr;
    std::vector<ggml_tensor *> sources;
    for (const ProductTerm & term : terms) {
        GGML_ASSERT(term.rows->type == GGML_TYPE_BF16 && term.rows->ne[0] % 2 == 0);
        GGML_ASSERT(term.matrix->ne[term.reading == Reading::across ? 0 : 1] == term.rows->ne[0]);
        recipe->readings.push_back(term.reading);
        sources.insert(sources.end(), {term.rows, term.matrix});
    }
    for (ggml_tensor * t : {mask, addend}) {
        if (t) sources.push_back(t);
    }
    const ProductTerm & first = terms[0];
    const int64_t n = first.matrix->ne[first.reading == Reading::across ? 1 : 0];
    return ggml_custom_4d(g.context(), GGML_TYPE_F32, n, first.rows->ne[1], 1, 1, sources.data(), (int) sources.size(),
                          compute_sum, GGML_N_TASKS_MAX, g.own(recipe));
}

ggml_tensor * to_bf16(Graph & g, ggml_tensor * t, ggml_tensor * factors) {
    GGML_ASSERT(ggml_is_contiguous(t) && (!factors || ggml_are_same_shape(t, factors)));
    ggml_tensor * sources[] = {t, factors};
    return ggml_custom_4d(g.context(), GGML_TYPE_BF16, t->ne[0], t->ne[1], t->ne[2], t->ne[3], sources, factors ? 2 : 1,
                          round_rows, GGML_N_TASKS_MAX, nullptr);
}

ggml_tensor * to_bf16_transposed(Graph & g, ggml_tensor * t) {
    return ggml_custom_4d(g.context(), GGML_TYPE_BF16, t->ne[1], t->ne[0], 1, 1, &t, 1, round_transposed,
                          GGML_N_TASKS_MAX, nullptr);
}

}  // namespace isheep
