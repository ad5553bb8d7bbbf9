#include "training/device-copies.h"

#include <mutex>

namespace isheep {
namespace {

// The numbers of a quantized or BF16 tensor in F16: every type's scale is a half float at most, so that what is lost
// are 11 bits and less of one product of the two.
void set_as_half_floats(const ggml_tensor * from, ggml_tensor * to) {
    std::vector<float> row((size_t) from->ne[0]);
    std::vector<ggml_fp16_t> rows((size_t) ggml_nelements(from));
    for (int64_t i = 0; i < ggml_nrows(from); i++) {
        ggml_get_type_traits(from->type)
            ->to_float((const char *) from->data + i * from->nb[1], row.data(), from->ne[0]);
        ggml_fp32_to_fp16_row(row.data(), &rows[(size_t) (i * from->ne[0])], from->ne[0]);
    }
    set_tensor(to, rows.data());
}

}  // namespace

DeviceCopies::DeviceCopies(size_t max_tensors, ggml_backend_buffer_type_t buffer_type)
    : buffer_type_(buffer_type), store_(max_tensors) {}

ggml_tensor * DeviceCopies::of(ggml_tensor * mapped) {
    return ggml_backend_buft_is_host(buffer_type_) ? mapped : add(mapped, mapped->type);
}

ggml_tensor * DeviceCopies::of_matrix(ggml_tensor * mapped) {
    const ggml_type type = multiplied(mapped->type, GGML_TYPE_F16);
    return ggml_backend_buft_is_host(buffer_type_) ? mapped : add(mapped, type);
}

ggml_tensor * DeviceCopies::add(ggml_tensor * mapped, ggml_type type) {
    ggml_tensor * copy = store_.add(type, mapped->ne[0], mapped->ne[1], mapped->ne[2]);
    copies_.push_back({mapped, copy});
    return copy;
}

ggml_type DeviceCopies::multiplied(ggml_type type, ggml_type otherwise) const {
    if (ggml_backend_buft_is_host(buffer_type_)) return type;  // the CPU multiplies by all that can be trained on
    constexpr int64_t n = 256, n_rows = 32;  // a multiple of every block size; all support depends on is the types
    const Context context(ggml_init({4 * ggml_tensor_overhead(), nullptr, true}));
    ggml_tensor * product = ggml_mul_mat(context.get(), ggml_new_tensor_2d(context.get(), type, n, n),
                                         ggml_new_tensor_2d(context.get(), GGML_TYPE_F32, n, n_rows));
    ggml_mul_mat_set_prec(product, GGML_PREC_F32);
    return ggml_backend_dev_supports_op(ggml_backend_buft_get_device(buffer_type_), product) ? type : otherwise;
}

void DeviceCopies::fill() {
    store_.allocate(buffer_type_);
    for (const Copy & copy : copies_) {
        if (copy.to->type == copy.from->type) set_tensor(copy.to, copy.from->data);
        else set_as_half_floats(copy.from, copy.to);
    }
    copies_.clear();
}

void set_tensor_from_thread(ggml_tensor * t, const void * data) {
    static std::mutex one_at_a_time;
    const std::lock_guard<std::mutex> lock(one_at_a_time);
    set_tensor(t, data);
}

}  // namespace isheep
