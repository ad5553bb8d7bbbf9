#include "training/weight-copies.h"

#include "training/matrix-copy.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <future>

namespace isheep {
namespace {

// The types whose product on the CPU, without repacking, is at least as fast as that of an 8-bit copy; the others run
// at half of it and less (docs/benchmarks.md).
bool is_fast(ggml_type type) {
    return !ggml_is_quantized(type) || type == GGML_TYPE_Q8_0 || type == GGML_TYPE_Q4_0 || type == GGML_TYPE_IQ4_NL;
}

// But for AMX, whose products with an 8-bit copy left a gradient off by a quarter (memory-plan-test).
std::vector<ggml_backend_buffer_type_t> extra_buffer_types(const Compute & compute) {
    std::vector<ggml_backend_buffer_type_t> all;
    if (!compute.on_cpu()) return all;
    ggml_backend_dev_t device = ggml_backend_get_device(compute.backend());
    const auto extra = (ggml_backend_dev_get_extra_bufts_t) ggml_backend_reg_get_proc_address(
        ggml_backend_dev_backend_reg(device), "ggml_backend_dev_get_extra_bufts");
    for (ggml_backend_buffer_type_t * type = extra ? extra(device) : nullptr; type && *type; type++) {
        if (std::strcmp(ggml_backend_buft_name(*type), "AMX") != 0) all.push_back(*type);
    }
    return all;
}

}  // namespace

const char * name_of(CopiedWeights copied) {
    switch (copied) {
        case CopiedWeights::none:       return "none";
        case CopiedWeights::transposed: return "transposed";
        default:                        return "all";
    }
}

ggml_type backward_type(ggml_type forward, int64_t n_out) {
    if (forward == GGML_TYPE_F32) return GGML_TYPE_F32;
    if (forward == GGML_TYPE_F16 || forward == GGML_TYPE_BF16) return GGML_TYPE_BF16;
    return n_out % ggml_blck_size(GGML_TYPE_Q8_0) == 0 ? GGML_TYPE_Q8_0 : GGML_TYPE_BF16;
}

WeightCopies::WeightCopies(const Compute & compute, size_t max_tensors)
    : compute_(compute), max_tensors_(max_tensors), extra_types_(extra_buffer_types(compute)) {}

// Asks as llama.cpp does when it loads a model: with an empty buffer of that type.
ggml_backend_buffer_type_t WeightCopies::repacking(ggml_type type, int64_t n_in, int64_t n_out) const {
    constexpr int64_t n_rows = 512;
    for (ggml_backend_buffer_type_t extra : extra_types_) {
        const Context context(ggml_init({4 * ggml_tensor_overhead(), nullptr, true}));
        const Buffer empty(ggml_backend_buft_alloc_buffer(extra, 0));
        if (!empty) continue;
        ggml_tensor * matrix = ggml_new_tensor_2d(context.get(), type, n_in, n_out);
        matrix->buffer = empty.get();
        ggml_tensor * product =
            ggml_mul_mat(context.get(), matrix, ggml_new_tensor_2d(context.get(), GGML_TYPE_F32, n_in, n_rows));
        if (ggml_backend_supports_op(compute_.backend(), product)) return extra;
    }
    return nullptr;
}

CopyForm WeightCopies::forward_form(const ggml_tensor * mapped) const {
    const int64_t n_in = mapped->ne[0], n_out = mapped->ne[1];
    if (!compute_.on_cpu() || !ggml_is_quantized(mapped->type)) return {nullptr, mapped->type};
    if (ggml_backend_buffer_type_t same = repacking(mapped->type, n_in, n_out)) return {same, mapped->type};
    if (is_fast(mapped->type) || n_in % ggml_blck_size(GGML_TYPE_Q8_0) != 0) return {nullptr, mapped->type};
    ggml_backend_buffer_type_t eight_bit = repacking(GGML_TYPE_Q8_0, n_in, n_out);
    return {eight_bit ? eight_bit : compute_.buffer_type(), GGML_TYPE_Q8_0};
}

CopyForm WeightCopies::transposed_form(const ggml_tensor * mapped, bool repacked) const {
    const int64_t n_in = mapped->ne[0], n_out = mapped->ne[1];
    const ggml_type type = backward_type(mapped->type, n_out);
    ggml_backend_buffer_type_t extra = repacked && ggml_is_quantized(type) ? repacking(type, n_out, n_in) : nullptr;
    return {extra ? extra : compute_.buffer_type(), type};
}

// A number takes 0.05 ns to read from BF16, 0.1 from Q8_0 and 0.3 to 0.7 from others (docs/benchmarks.md): the last is
// as long as multiplying it for a hundred tokens and more.
CopyForm WeightCopies::packed_form(const ggml_tensor * mapped) const {
    const ggml_type type = mapped->type;
    const bool is_fast = type == GGML_TYPE_BF16 || type == GGML_TYPE_F32;
    return {is_fast ? nullptr : compute_.buffer_type(), GGML_TYPE_BF16};
}

ggml_tensor * WeightCopies::add_forward(const ggml_tensor * mapped, CopyForm form) {
    return add(mapped, form, false);
}

ggml_tensor * WeightCopies::add_transposed(const ggml_tensor * mapped, CopyForm form) {
    return add(mapped, form, true);
}

ggml_tensor * WeightCopies::add(const ggml_tensor * mapped, CopyForm form, bool transposed) {
    std::unique_ptr<TensorStore> & store = stores_[form.buffer_type];
    if (!store) store = std::make_unique<TensorStore>(max_tensors_);
    const int64_t n_in = mapped->ne[0], n_out = mapped->ne[1];
    ggml_tensor * copy = transposed ? store->add(form.type, n_out, n_in) : store->add(form.type, n_in, n_out);
    copies_.push_back({mapped, copy, transposed});
    return copy;
}

// Each thread takes the next copy.
void WeightCopies::fill(int n_threads) {
    for (auto & [type, store] : stores_) store->allocate(type);
    std::atomic<size_t> next{0};
    auto copy = [](const Copy & c) { (c.transposed ? copy_transposed : copy_matrix)(c.from, c.to); };
    auto work = [&] {
        for (size_t i; (i = next++) < copies_.size();) copy(copies_[i]);
    };
    std::vector<std::future<void>> threads;
    for (int i = 1; i < n_threads; i++) threads.push_back(std::async(std::launch::async, work));
    work();
    for (std::future<void> & thread : threads) thread.get();
    copies_.clear();
}

}  // namespace isheep
