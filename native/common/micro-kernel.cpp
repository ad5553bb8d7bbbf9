#include "common/micro-kernel-forms.h"

#include "common/backends.h"

namespace isheep {

// ggml's CPU library was tried before it was trusted, so what it has the processor has.
std::vector<const MicroKernel *> micro_kernels_here() {
    ggml_backend_dev_t cpu = ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU);
    std::vector<const MicroKernel *> kernels;
    if (has_feature(cpu, "AMX_INT8") && amx_bf16_kernel()) kernels.push_back(amx_bf16_kernel());
    if (has_feature(cpu, "AVX512_BF16")) kernels.push_back(avx512_bf16_kernel());
    if (has_feature(cpu, "AVX2") && has_feature(cpu, "FMA")) kernels.push_back(avx2_kernel());
    return kernels;
}

namespace {

const MicroKernel * kernel() {
    static const std::vector<const MicroKernel *> kernels = micro_kernels_here();
    return kernels.empty() ? nullptr : kernels[0];
}

}  // namespace

bool has_micro_kernel() {
    return kernel() != nullptr;
}

const char * micro_kernel_name() {
    return kernel() ? kernel()->name : "";
}

int tile_rows() {
    return kernel()->tile_rows;
}

int tile_panels() {
    return kernel()->tile_panels;
}

void compute_tile(const Tile & tile) {
    kernel()->compute_tile(tile);
}

void put_columns(const Bf16 * const * rows, int64_t k, Bf16 * panel) {
    kernel()->put_columns(rows, k, panel);
}

void put_pair(const Bf16 * a, const Bf16 * b, int64_t n, Bf16 * to) {
    kernel()->put_pair(a, b, n, to);
}

void softmax_columns(float * scores, int64_t n_keys, int n_columns, int64_t stride, float scale, Bf16 * rounded) {
    kernel()->softmax_columns(scores, n_keys, n_columns, stride, scale, rounded);
}

void softmax_columns_backward(const float * p, const float * dp, const float * dots, int64_t n_keys, int n_columns,
                              int64_t stride, Bf16 * d_scores) {
    kernel()->softmax_columns_backward(p, dp, dots, n_keys, n_columns, stride, d_scores);
}

double cross_entropy(const float * logits, int64_t n, int64_t target, Bf16 * gradient) {
    return kernel()->cross_entropy(logits, n, target, gradient);
}

float dot(const float * a, const float * b, int64_t n) {
    return kernel()->dot(a, b, n);
}

void round_to_bf16(const float * from, const float * factors, Bf16 * to, int64_t n) {
    kernel()->round_to_bf16(from, factors, to, n);
}

}  // namespace isheep
