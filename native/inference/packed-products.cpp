#include "inference/packed-products.h"

#include "common/backends.h"
#include "common/panel.h"
#include "inference/own-operator.h"

#include <algorithm>
#include <new>
#include <vector>

namespace isheep {
namespace {

// Rows that are rounded at a time: 256 KiB of them, a quarter of a usual second-level cache.
constexpr int64_t most_rounded = 128 << 10;

constexpr std::align_val_t cache_line{64};

// result = x * matrix, of the shape [n_out, n_rows]: each thread takes some columns, and rounds the rows for itself.
void multiply_by_panels(ggml_tensor * result, int ith, int nth, void * packed) {
    static thread_local std::vector<Bf16> rounded;
    const PackedMatrix & matrix = *(const PackedMatrix *) packed;
    const ggml_tensor * x = result->src[1];
    const int64_t k = matrix.n_in, n_rows = x->ne[1], n_panels = (matrix.n_out + panel_columns - 1) / panel_columns;
    const int64_t from = n_panels * ith / nth, to = n_panels * (ith + 1) / nth;
    const int64_t at_once = std::max<int64_t>(most_rounded / k / tile_rows, 1) * tile_rows;
    const int64_t n_columns = std::min(to * panel_columns, matrix.n_out) - from * panel_columns;
    rounded.resize(std::max(rounded.size(), (size_t) (std::min(at_once, n_rows) * k)));
    for (int64_t row = 0; from < to && row < n_rows; row += at_once) {
        const int64_t n = std::min(at_once, n_rows - row);
        for (int64_t i = 0; i < n; i++) {
            const float * numbers = (const float *) ((const char *) x->data + (row + i) * x->nb[1]);
            round_to_bf16(numbers, nullptr, rounded.data() + i * k, k);
        }
        float * place = (float *) ((char *) result->data + row * result->nb[1]) + from * panel_columns;
        multiply({rounded.data(), k, matrix.panels.get() + from * k * panel_columns, k, place,
                  (int64_t) (result->nb[1] / sizeof(float))},
                 n, n_columns);
    }
}

bool is_matrix(const ggml_tensor * t) {
    return t->ne[2] == 1 && t->ne[3] == 1;
}

// Weights in a form of their own (repacked ones) have another buffer type, and their numbers cannot be read.
bool is_packable(const ggml_tensor * weights) {
    return weights->buffer && ggml_backend_buffer_get_usage(weights->buffer) == GGML_BACKEND_BUFFER_USAGE_WEIGHTS &&
           ggml_backend_buffer_is_host(weights->buffer) && PackedWeights::packs(weights->type) && is_matrix(weights) &&
           ggml_is_contiguous(weights) && weights->ne[0] % 2 == 0;  // the kernel takes pairs of numbers
}

}  // namespace

void PackedMatrix::Free::operator()(Bf16 * numbers) const {
    operator delete[](numbers, cache_line);
}

bool PackedWeights::suit_processor() {
    ggml_backend_dev_t cpu = ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU);
    return has_micro_kernel() && !has_feature(cpu, "AMX_INT8");
}

bool PackedWeights::packs(ggml_type type) {
    return (ggml_is_quantized(type) || type == GGML_TYPE_BF16) && ggml_get_type_traits(type)->to_float;
}

void PackedWeights::take_over(ggml_tensor * node, Parallel & parallel) {
    if (node->op != GGML_OP_MUL_MAT || !is_packable(node->src[0])) return;
    const ggml_tensor * x = node->src[1];
    if (x->type != GGML_TYPE_F32 || !is_matrix(x) || x->nb[0] != sizeof(float)) return;
    if (PackedMatrix * matrix = packed(node->src[0], parallel)) make_own(node, multiply_by_panels, matrix);
}

// Null where there is no memory.
PackedMatrix * PackedWeights::packed(const ggml_tensor * matrix, Parallel & parallel) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto known = matrices_.find(matrix);
    if (known != matrices_.end()) return known->second.panels ? &known->second : nullptr;
    const int64_t n_in = matrix->ne[0], n_out = matrix->ne[1], n_panels = (n_out + panel_columns - 1) / panel_columns;
    const size_t bytes = (size_t) (n_panels * panel_columns * n_in) * sizeof(Bf16);
    PackedMatrix & made = matrices_[matrix] = {n_in, n_out, nullptr};
    made.panels.reset((Bf16 *) operator new[](bytes, cache_line, std::nothrow));
    if (!made.panels) return nullptr;
    parallel.run((size_t) n_panels, [&](size_t panel, size_t) {
        MatrixReader reader(matrix);
        Bf16 * to = made.panels.get() + panel * n_in * panel_columns;
        pack_across(reader, (int64_t) panel * panel_columns, 0, n_in, to);
    });
    return &made;
}

}  // namespace isheep
