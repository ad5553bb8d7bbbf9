#include "inference/packed-products.h"

#include "common/panel.h"
#include "inference/own-operator.h"

#include "ggml-backend.h"

#include <algorithm>
#include <new>
#include <string_view>
#include <vector>

namespace isheep {
namespace {

// Rows that are rounded at a time: 256 KiB of them, a quarter of a usual second-level cache.
constexpr int64_t most_rounded = 128 << 10;

constexpr std::align_val_t cache_line{64};

// Rows of a block: as many as can be rounded at a time, and of a matrix of few panels (an adapter's has one) only as
// many as leave each thread two pieces.
int64_t rows_of_block(int64_t n_rows, int64_t n_panels, int64_t k, int nth) {
    const int64_t n_blocks = (2 * nth + n_panels - 1) / n_panels;
    const int64_t n_tiles = (n_rows + n_blocks * shared_rows - 1) / (n_blocks * shared_rows);
    return std::min(std::max<int64_t>(std::min(n_tiles, most_rounded / k / shared_rows), 1) * shared_rows, n_rows);
}

// result = x * matrix, of the shape [n_out, n_rows]: blocks of rows one after the other, of each of which the threads
// share the panels, and which each rounds for itself.
void multiply_by_panels(ggml_tensor * result, int, int nth, void * data) {
    static thread_local std::vector<Bf16> rounded;
    PackedProducts::Product & product = *(PackedProducts::Product *) data;
    const PackedMatrix & matrix = *product.matrix;
    const ggml_tensor * x = result->src[1];
    const int64_t k = matrix.n_in, n_rows = x->ne[1], n_panels = (matrix.n_out + panel_columns - 1) / panel_columns;
    const int64_t at_once = rows_of_block(n_rows, n_panels, k, nth);
    const int64_t n_blocks = (n_rows + at_once - 1) / at_once,
                  most = std::max<int64_t>(n_panels / (4 * nth), tile_panels());
    rounded.resize(std::max(rounded.size(), (size_t) (at_once * k)));
    int64_t rounded_block = -1;
    for (;;) {
        auto [panel, to] = product.pieces.take(n_blocks * n_panels, nth, most);
        if (panel == to) return;
        for (int64_t next; panel < to; panel = next) {
            const int64_t block = panel / n_panels, row = block * at_once, n = std::min(at_once, n_rows - row);
            next = std::min(to, (block + 1) * n_panels);
            for (int64_t i = 0; i < n && block != rounded_block; i++) {
                const float * numbers = (const float *) ((const char *) x->data + (row + i) * x->nb[1]);
                round_to_bf16(numbers, nullptr, rounded.data() + i * k, k);
            }
            rounded_block = block;
            const int64_t column = (panel - block * n_panels) * panel_columns;
            float * place = (float *) ((char *) result->data + row * result->nb[1]) + column;
            multiply({rounded.data(), k, matrix.panels.get() + column * k, k, place,
                      (int64_t) (result->nb[1] / sizeof(float))},
                     n, std::min((next - panel) * panel_columns, matrix.n_out - column));
        }
    }
}

bool is_matrix(const ggml_tensor * t) {
    return t->ne[2] == 1 && t->ne[3] == 1;
}

// By the name that llama.cpp gives it: "<weights>.lora_a", "<weights>.lora_b".
bool is_of_adapter(const ggml_tensor * matrix) {
    const std::string_view name = ggml_get_name(matrix);
    const std::string_view end = name.substr(name.size() - std::min<size_t>(name.size(), 7));
    return end == ".lora_a" || end == ".lora_b";
}

bool is_packed_of_model(const ggml_tensor * matrix) {
    return ggml_backend_buffer_get_usage(matrix->buffer) == GGML_BACKEND_BUFFER_USAGE_WEIGHTS &&
           PackedWeights::packs(matrix->type);
}

// Weights in a form of their own (repacked ones) have another buffer type, and their numbers cannot be read.
bool is_packable(const ggml_tensor * weights) {
    return weights->buffer && ggml_backend_buffer_is_host(weights->buffer) &&
           (is_of_adapter(weights) || is_packed_of_model(weights)) && is_matrix(weights) &&
           ggml_is_contiguous(weights) && weights->ne[0] % 2 == 0;  // the kernel takes pairs of numbers
}

}  // namespace

void PackedMatrix::Free::operator()(Bf16 * numbers) const {
    operator delete[](numbers, cache_line);
}

bool PackedWeights::packs(ggml_type type) {
    return (ggml_is_quantized(type) || type == GGML_TYPE_BF16) && ggml_get_type_traits(type)->to_float;
}

const PackedMatrix * PackedWeights::packed(const ggml_tensor * matrix, Parallel & parallel) {
    if (!is_packable(matrix)) return nullptr;
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

void PackedProducts::take_over(ggml_tensor * node, PackedWeights & weights, Parallel & parallel) {
    if (node->op != GGML_OP_MUL_MAT) return;
    const ggml_tensor * x = node->src[1];
    if (x->type != GGML_TYPE_F32 || !is_matrix(x) || x->nb[0] != sizeof(float)) return;
    PackedWeights & own = is_of_adapter(node->src[0]) ? *adapters_ : weights;
    const PackedMatrix * matrix = own.packed(node->src[0], parallel);
    if (!matrix) return;
    Product & product = products_[node];
    product.matrix = matrix;
    make_own(node, multiply_by_panels, &product);
}

}  // namespace isheep
