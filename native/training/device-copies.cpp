#include "training/device-copies.h"

#include "training/matrix-copy.h"

namespace isheep {
namespace {

// Types that not every backend's list of operators has a product with (test/native/operators.test.ts). A device's own
// word is not enough: Metal's says yes to every type but one, and then has no program for some.
bool is_rare(ggml_type type) {
    return type == GGML_TYPE_TQ1_0 || type == GGML_TYPE_TQ2_0 || type == GGML_TYPE_NVFP4 || type == GGML_TYPE_Q1_0 ||
           type == GGML_TYPE_Q2_0;
}

}  // namespace

DeviceCopies::DeviceCopies(size_t max_tensors, const Compute & compute) : compute_(compute), store_(max_tensors) {}

ggml_tensor * DeviceCopies::of(ggml_tensor * mapped) {
    return compute_.on_cpu() ? mapped : add(mapped, mapped->type);
}

ggml_tensor * DeviceCopies::of_matrix(ggml_tensor * mapped) {
    return compute_.on_cpu() ? mapped : add(mapped, multiplied(mapped->type, GGML_TYPE_F16));
}

ggml_tensor * DeviceCopies::add(ggml_tensor * mapped, ggml_type type) {
    ggml_tensor * copy = store_.add(type, mapped->ne[0], mapped->ne[1], mapped->ne[2]);
    copies_.push_back({mapped, copy});
    return copy;
}

ggml_type DeviceCopies::multiplied(ggml_type type, ggml_type otherwise) const {
    if (compute_.on_cpu()) return type;  // the CPU multiplies by all that can be trained on
    if (is_rare(type)) return otherwise;
    constexpr int64_t n = 256, n_rows = 32;  // a multiple of every block size; the answer depends on the types alone
    const Context context(ggml_init({4 * ggml_tensor_overhead(), nullptr, true}));
    ggml_tensor * product = ggml_mul_mat(context.get(), ggml_new_tensor_2d(context.get(), type, n, n),
                                         ggml_new_tensor_2d(context.get(), GGML_TYPE_F32, n, n_rows));
    return ggml_backend_supports_op(compute_.backend(), product) ? type : otherwise;
}

bool DeviceCopies::gives_rows(ggml_tensor * matrix) const {
    if (compute_.on_cpu()) return true;
    // CUDA takes these two only where a row is a multiple of 256 numbers, and its list denies them.
    if (matrix->type == GGML_TYPE_IQ4_NL || matrix->type == GGML_TYPE_MXFP4) return false;
    const Context context(ggml_init({2 * ggml_tensor_overhead(), nullptr, true}));
    ggml_tensor * numbers = ggml_new_tensor_1d(context.get(), GGML_TYPE_I32, matrix->ne[1]);
    return ggml_backend_supports_op(compute_.backend(), ggml_get_rows(context.get(), matrix, numbers));
}

void DeviceCopies::fill() {
    store_.allocate(compute_.buffer_type());
    for (const Copy & copy : copies_) copy_matrix(copy.from, copy.to);
    copies_.clear();
}

}  // namespace isheep
