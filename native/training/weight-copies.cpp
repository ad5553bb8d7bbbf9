#include "training/weight-copies.h"

#include "training/device-copies.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <future>

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

// Where the graph's memory is not ours to write, the whole copy is made here first: one transfer, not one a column.
void fill_copy(const ggml_tensor * from, ggml_tensor * to, bool transposed) {
    const bool is_host = ggml_backend_buffer_is_host(to->buffer);
    std::vector<uint8_t> staged(is_host ? 0 : ggml_nbytes(to));
    uint8_t * target = is_host ? (uint8_t *) to->data : staged.data();
    if (!transposed) write_rows(from, to, target);
    for (int64_t first = 0; transposed && first < from->ne[1]; first += slab)
        transpose_slab(from, to, first, std::min(slab, from->ne[1] - first), target);
    if (!is_host) set_tensor_from_thread(to, staged.data());
}

// The types whose product on the CPU, without repacking, is at least as fast as that of an 8-bit copy; the others run
// at half of it and less (docs/benchmarks.md).
bool is_fast(ggml_type type) {
    return !ggml_is_quantized(type) || type == GGML_TYPE_Q8_0 || type == GGML_TYPE_Q4_0 || type == GGML_TYPE_IQ4_NL;
}

std::vector<ggml_backend_buffer_type_t> extra_buffer_types(const Compute & compute) {
    std::vector<ggml_backend_buffer_type_t> all;
    if (!compute.on_cpu()) return all;
    ggml_backend_dev_t device = ggml_backend_get_device(compute.backend());
    const auto extra = (ggml_backend_dev_get_extra_bufts_t) ggml_backend_reg_get_proc_address(
        ggml_backend_dev_backend_reg(device), "ggml_backend_dev_get_extra_bufts");
    for (ggml_backend_buffer_type_t * type = extra ? extra(device) : nullptr; type && *type; type++)
        all.push_back(*type);
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
    auto work = [&] {
        for (size_t i; (i = next++) < copies_.size();) fill_copy(copies_[i].from, copies_[i].to, copies_[i].transposed);
    };
    std::vector<std::future<void>> threads;
    for (int i = 1; i < n_threads; i++) threads.push_back(std::async(std::launch::async, work));
    work();
    for (std::future<void> & thread : threads) thread.get();
    copies_.clear();
}

}  // namespace isheep
