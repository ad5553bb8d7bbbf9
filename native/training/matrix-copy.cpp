#include "training/matrix-copy.h"

#include "training/graph.h"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <vector>

namespace isheep {
namespace {

// Rows of the matrix that are transposed at a time: a multiple of every block size of backward_type, small enough for
// the cache.
constexpr int64_t slab = 256;

void read_rows(const ggml_tensor * from, int64_t first, int64_t count, float * values) {
    const uint8_t * rows = (const uint8_t *) from->data + first * from->nb[1];
    if (from->type == GGML_TYPE_F32) std::memcpy(values, rows, count * from->nb[1]);
    else ggml_get_type_traits(from->type)->to_float(rows, values, count * from->ne[0]);
}

// Writes rows first … first + count of `from` into the same columns of the transposed copy at `target`.
void transpose_slab(const ggml_tensor * from, const ggml_tensor * to, int64_t first, int64_t count, uint8_t * target) {
    const int64_t n_in = from->ne[0];
    std::vector<float> values((size_t) (count * n_in)), column((size_t) count);
    read_rows(from, first, count, values.data());
    for (int64_t c = 0; c < n_in; c++) {
        for (int64_t r = 0; r < count; r++) column[(size_t) r] = values[(size_t) (r * n_in + c)];
        uint8_t * place = target + c * to->nb[1] + ggml_row_size(to->type, first);
        ggml_quantize_chunk(to->type, column.data(), place, 0, 1, count, nullptr);
    }
}

void write_rows(const ggml_tensor * from, const ggml_tensor * to, uint8_t * target) {
    if (from->type == to->type) {
        std::memcpy(target, from->data, ggml_nbytes(from));
        return;
    }
    std::vector<float> row((size_t) from->ne[0]);
    for (int64_t i = 0; i < from->ne[1]; i++) {
        read_rows(from, i, 1, row.data());
        ggml_quantize_chunk(to->type, row.data(), target + i * to->nb[1], 0, 1, from->ne[0], nullptr);
    }
}

void write_transposed(const ggml_tensor * from, const ggml_tensor * to, uint8_t * target) {
    for (int64_t first = 0; first < from->ne[1]; first += slab)
        transpose_slab(from, to, first, std::min(slab, from->ne[1] - first), target);
}

// Where the tensor's memory is not ours to write, the whole copy is made here first: one transfer, not one a column,
// and one at a time, which devices want.
void copy(const ggml_tensor * from, ggml_tensor * to,
          void (*write)(const ggml_tensor *, const ggml_tensor *, uint8_t *)) {
    if (!is_staged(ggml_backend_buffer_get_type(to->buffer))) return write(from, to, (uint8_t *) to->data);
    std::vector<uint8_t> staged(ggml_nbytes(to));
    write(from, to, staged.data());
    static std::mutex one_at_a_time;
    const std::lock_guard<std::mutex> lock(one_at_a_time);
    set_tensor(to, staged.data());
}

}  // namespace

bool is_staged(ggml_backend_buffer_type_t type) {
    return !ggml_backend_buft_is_host(type);
}

void copy_matrix(const ggml_tensor * from, ggml_tensor * to) {
    copy(from, to, write_rows);
}

void copy_transposed(const ggml_tensor * from, ggml_tensor * to) {
    copy(from, to, write_transposed);
}

}  // namespace isheep
