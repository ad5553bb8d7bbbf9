#include "common/panel.h"

#include <algorithm>
#include <cstring>

namespace isheep {

const Bf16 * MatrixReader::read(int64_t row, int64_t first, int64_t n, int place) {
    const char * data = (const char *) matrix_->data + row * matrix_->nb[1] + ggml_row_size(matrix_->type, first);
    if (matrix_->type == GGML_TYPE_BF16) return (const Bf16 *) data;
    rounded_[place].resize(std::max<size_t>(rounded_[place].size(), (size_t) n));
    const float * values = (const float *) data;
    if (matrix_->type != GGML_TYPE_F32) {
        floats_.resize(std::max<size_t>(floats_.size(), (size_t) n));
        ggml_get_type_traits(matrix_->type)->to_float(data, floats_.data(), n);
        values = floats_.data();
    }
    round_to_bf16(values, nullptr, rounded_[place].data(), n);
    return rounded_[place].data();
}

void put_column(const Bf16 * numbers, int64_t k, int column, Bf16 * panel) {
    for (int64_t i = 0; i < k; i += 2)
        std::memcpy(panel + i * panel_columns + 2 * column, numbers + i, 2 * sizeof(Bf16));
}

void multiply(const PanelProduct & p, int64_t n_rows, int64_t n_columns, bool add) {
    // as many panels together as the second-level cache keeps for the next rows
    const int64_t n_panels = std::clamp<int64_t>(most_packed / (p.k * panel_columns), 1, tile_panels());
    const int64_t most_columns = n_panels * panel_columns, most_rows = tile_rows();
    for (int64_t column = 0; column < n_columns; column += most_columns) {
        TileTerm term{nullptr, p.row_stride, p.panels + column * p.k, p.k * panel_columns, p.k};
        Tile tile{};
        tile.terms = &term;
        tile.n_terms = 1;
        tile.addend_stride = tile.result_stride = p.result_stride;
        tile.n_columns = (int) std::min(most_columns, n_columns - column);
        for (int64_t row = 0; row < n_rows; row += most_rows) {
            term.rows = p.rows + row * p.row_stride;
            tile.result = p.result + row * p.result_stride + column;
            tile.addend = add ? tile.result : nullptr;
            tile.n_rows = (int) std::min(most_rows, n_rows - row);
            compute_tile(tile);
        }
    }
}

void pack_across(MatrixReader & reader, int64_t from, int64_t first, int64_t k, Bf16 * panel) {
    constexpr int64_t chunk = 256;  // a multiple of every block; its part of the panel stays in the nearest cache
    static const Bf16 zeros[chunk] = {};
    const int64_t n = std::min<int64_t>(panel_columns, reader.matrix()->ne[1] - from);
    const Bf16 * rows[packed_columns];
    for (int64_t start = 0; start < k; start += chunk) {
        const int64_t length = std::min(chunk, k - start);
        for (int64_t column = 0; column < panel_columns; column += packed_columns) {
            for (int i = 0; i < packed_columns; i++)
                rows[i] = column + i < n ? reader.read(from + column + i, first + start, length, i) : zeros;
            put_columns(rows, length, panel + start * panel_columns + 2 * column);
        }
    }
}

void pack_along(MatrixReader & reader, int64_t from, int n_panels, int64_t first, int64_t k, Bf16 * panels,
                int64_t panel_stride) {
    const int64_t n = std::min<int64_t>((int64_t) n_panels * panel_columns, reader.matrix()->ne[0] - from);
    for (int64_t i = 0; i < k; i += 2) {
        const Bf16 * a = reader.read(first + i, from, n, 0);
        const Bf16 * b = reader.read(first + i + 1, from, n, 1);
        for (int p = 0; p < n_panels; p++) {
            const int64_t begin = p * panel_columns;
            put_pair(a + begin, b + begin, std::min<int64_t>(panel_columns, n - begin),
                     panels + p * panel_stride + i * panel_columns);
        }
    }
}

}  // namespace isheep
