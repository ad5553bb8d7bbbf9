#include "training/activations.h"

#include "common/status.h"
#include "training/described-tensors.h"

namespace isheep {

constexpr size_t n_values = 11;  // tensors of LayerValues

Activations::Activations(const Architecture & architecture, ggml_backend_buffer_type_t buffer_type)
    : architecture_(architecture), buffer_type_(buffer_type) {}

size_t Activations::floats_a_row(int n_kept) const {
    const Architecture & a = architecture_;
    size_t values = 2 * (size_t) a.attention_width() + 2 * a.kv_width() + a.n_embd + 2 * (size_t) a.n_ff;
    if (a.features.query_key_norms) values += (size_t) a.attention_width() + a.kv_width();
    if (a.features.post_norms) values += 2 * (size_t) a.n_embd;
    return (a.n_layers + 3) * (size_t) a.n_embd + n_kept * values;
}

size_t Activations::bytes(int n_rows, int n_kept) const {
    const size_t n_tensors = architecture_.n_layers + 3 + n_kept * n_values;
    return floats_a_row(n_kept) * n_rows * sizeof(float) + n_tensors * ggml_backend_buft_get_alignment(buffer_type_);
}

int Activations::layers_that_fit(int n_rows, size_t available) const {
    int n_kept = 0;
    while (n_kept < architecture_.n_layers && bytes(n_rows, n_kept + 1) <= available) n_kept++;
    return n_kept;
}

void Activations::prepare(int n_rows, int n_kept) {
    const size_t needed = bytes(n_rows, n_kept);
    if (!buffer_ || ggml_backend_buffer_get_size(buffer_.get()) < needed) {
        buffer_.reset();
        buffer_.reset(ggml_backend_buft_alloc_buffer(buffer_type_, needed));
        if (!buffer_) {
            throw Error(Code::not_enough_memory,
                        "the activations of " + std::to_string(n_rows) + " tokens need " +
                            std::to_string(needed >> 20) + " MiB",
                        "lower the maximum length or the tokens of a micro-batch");
        }
    }
    place_ = ggml_tallocr_new(buffer_.get());
    lay_out(n_rows, n_kept);
}

void Activations::describe(int n_rows) {
    place_ = {};
    lay_out(n_rows, 0);
}

void Activations::lay_out(int n_rows, int n_kept) {
    const int n_layers = architecture_.n_layers;
    context_.reset(ggml_init({((1 + n_values) * n_layers + 3) * ggml_tensor_overhead(), nullptr, true}));
    inputs_.clear();
    values_.clear();
    for (int i = 0; i <= n_layers; i++) inputs_.push_back(add(architecture_.n_embd, n_rows));
    for (ggml_tensor *& gradient : gradients_) gradient = add(architecture_.n_embd, n_rows);
    for (int i = 0; i < n_kept; i++) values_.push_back(add_values(n_rows));
}

ggml_tensor * Activations::add(int64_t ne0, int64_t ne1, int64_t ne2) {
    ggml_tensor * t = ggml_new_tensor_3d(context_.get(), GGML_TYPE_F32, ne0, ne1, ne2);
    if (!place_.buffer) describe_tensor(t);
    else if (ggml_tallocr_alloc(&place_, t) != GGML_STATUS_SUCCESS)
        throw Error(Code::not_enough_memory, "no memory for activations");
    return t;
}

LayerValues Activations::add_values(int n_rows) {
    const Architecture & a = architecture_;
    LayerValues values;
    values.q = add(a.head_dim, a.n_heads, n_rows);
    values.k = add(a.head_dim, a.n_kv_heads, n_rows);
    values.v = add(a.head_dim, a.n_kv_heads, n_rows);
    values.attention = add(a.attention_width(), n_rows);
    values.middle = add(a.n_embd, n_rows);
    values.gate = add(a.n_ff, n_rows);
    values.up = add(a.n_ff, n_rows);
    if (a.features.query_key_norms) {
        values.plain_q = add(a.head_dim, a.n_heads, n_rows);
        values.plain_k = add(a.head_dim, a.n_kv_heads, n_rows);
    }
    if (a.features.post_norms) {
        values.projected = add(a.n_embd, n_rows);
        values.down = add(a.n_embd, n_rows);
    }
    return values;
}

}  // namespace isheep
