#include "training/weights.h"

#include "common/status.h"
#include "training/matrix-copy.h"

#include <algorithm>
#include <cstring>
#include <numeric>

namespace isheep {
namespace {

std::string checked_alignment(const GgufFile & file) {
    constexpr size_t needed = 32;  // of ggml's CPU code, and what GGUF files have by default
    if (gguf_get_alignment(file.gguf()) % needed == 0) return file.path();
    throw Error(Code::unsupported_model, file.path() + ": its tensors are not aligned to 32 bytes");
}

}  // namespace

Weights::Weights(const std::string & path, const Compute & compute)
    : file_(path),
      architecture_(read_architecture(file_)),
      mapped_(checked_alignment(file_)),
      mapped_buffer_(ggml_backend_cpu_buffer_from_ptr((void *) mapped_.data(), mapped_.size())),
      mapped_context_(ggml_init({(file_.tensors().size() + 2) * ggml_tensor_overhead(), nullptr, true})),
      compute_(compute),
      device_copies_(file_.tensors().size() + 1, compute),
      copies_(compute, 2 * (file_.tensors().size() + 1)) {
    for (int i = 0; i < architecture_.n_layers; i++) layers_.push_back(map_layer(i));
    output_norm_ = map_optional("output_norm.weight");
    if (architecture_.has_rope_factors) rope_factors_ = map_optional("rope_freqs.weight");
    output_ = map_matrix(architecture_.tied_output ? "token_embd.weight" : "output.weight");
    embedding_ = map_tensor("token_embd.weight");
    for (Matrix * matrix : all_matrices()) {
        if (forms_of(*matrix, CopiedWeights::none).packed) matrix->packed = matrix->mapped;
    }
    device_copies_.fill();
}

std::vector<CopiedWeights> Weights::fastest_copies() const {
    if (is_packed()) return {CopiedWeights::all, CopiedWeights::none};
    return {CopiedWeights::all, CopiedWeights::transposed, CopiedWeights::none};
}

std::vector<Matrix *> Weights::all_matrices() {
    std::vector<Matrix *> all = {&output_};
    for (LayerWeights & layer : layers_) {
        for (Matrix & matrix : layer.matrices) all.push_back(&matrix);
    }
    return all;
}

Weights::Forms Weights::forms_of(const Matrix & matrix, CopiedWeights copied) const {
    Forms forms;
    const bool is_output = &matrix == &output_;
    forms.packed = is_packed() && (is_output || copied != CopiedWeights::transposed);
    if (forms.packed) {
        if (copied == CopiedWeights::all) forms.forward = copies_.packed_form(matrix.mapped);
        return forms;
    }
    if (is_output || copied != CopiedWeights::none || !device_copies_.gives_rows(matrix.forward)) {
        forms.backward = copies_.transposed_form(matrix.mapped, copied == CopiedWeights::all);
        forms.backward.type = device_copies_.multiplied(forms.backward.type, GGML_TYPE_F32);
    }
    if (copied == CopiedWeights::all) forms.forward = copies_.forward_form(matrix.mapped);
    return forms;
}

void Weights::make_copies(CopiedWeights copied, int n_threads) {
    for (Matrix * matrix : all_matrices()) {
        const Forms forms = forms_of(*matrix, copied);
        if (forms.backward.buffer_type) matrix->backward = copies_.add_transposed(matrix->mapped, forms.backward);
        if (forms.forward.buffer_type) matrix->forward = copies_.add_forward(matrix->mapped, forms.forward);
        matrix->packed = forms.packed ? matrix->forward : nullptr;
    }
    copies_.fill(n_threads);
}

size_t Weights::bytes_of_copies(CopiedWeights copied) const {
    size_t bytes = 0;
    for (const Matrix * matrix : const_cast<Weights *>(this)->all_matrices()) {
        const int64_t n_in = matrix->n_in(), n_out = matrix->n_out();
        const Forms forms = forms_of(*matrix, copied);
        if (forms.backward.buffer_type) bytes += n_in * ggml_row_size(forms.backward.type, n_out);
        if (forms.forward.buffer_type) bytes += n_out * ggml_row_size(forms.forward.type, n_in);
    }
    return bytes;
}

// Copies that are not made in place, the largest of them at the same time.
size_t Weights::bytes_of_copying(CopiedWeights copied, int n_threads) const {
    std::vector<size_t> staged;
    for (const Matrix * matrix : const_cast<Weights *>(this)->all_matrices()) {
        const int64_t n_in = matrix->n_in(), n_out = matrix->n_out();
        const Forms forms = forms_of(*matrix, copied);
        auto stage = [&](const CopyForm & form, int64_t row, int64_t n_rows) {
            if (form.buffer_type && is_staged(form.buffer_type))
                staged.push_back(n_rows * ggml_row_size(form.type, row));
        };
        stage(forms.backward, n_out, n_in);
        stage(forms.forward, n_in, n_out);
    }
    std::sort(staged.rbegin(), staged.rend());
    staged.resize(std::min<size_t>(staged.size(), (size_t) std::max(1, n_threads)));
    return std::accumulate(staged.begin(), staged.end(), (size_t) 0);
}

LayerWeights Weights::map_layer(int i) {
    auto vector = [&](const char * part) { return map_optional(layer_tensor(i, part)); };
    LayerWeights layer{};
    layer.attention_norm = vector("attn_norm");
    layer.feed_forward_norm = vector("ffn_norm");
    layer.query_norm = vector("attn_q_norm");
    layer.key_norm = vector("attn_k_norm");
    layer.attention_post_norm = vector("post_attention_norm");
    layer.feed_forward_post_norm = vector("post_ffw_norm");
    for (Target target : all_targets) {
        layer.biases[index_of(target)] = map_optional(layer_bias(i, target_tensor(target)));
        layer.matrices[index_of(target)] = map_matrix(layer_tensor(i, target_tensor(target)));
    }
    return layer;
}

ggml_tensor * Weights::map_optional(const std::string & name) {
    return file_.find(name) ? device_copies_.of(map_tensor(name)) : nullptr;
}

ggml_tensor * Weights::map_tensor(const std::string & name) {
    const ggml_tensor * described = file_.find(name);
    ggml_tensor * t = ggml_new_tensor(mapped_context_.get(), described->type, GGML_MAX_DIMS, described->ne);
    ggml_backend_tensor_alloc(mapped_buffer_.get(), t, (void *) (mapped_.data() + file_.data_offset(described)));
    return t;
}

Matrix Weights::map_matrix(const std::string & name) {
    ggml_tensor * mapped = map_tensor(name);
    is_exact_ = is_exact_ && mapped->type == GGML_TYPE_F32;
    is_even_ = is_even_ && mapped->ne[0] % 2 == 0 && mapped->ne[1] % 2 == 0;
    return {mapped, device_copies_.of_matrix(mapped), nullptr, nullptr};
}

void Weights::embed(int32_t token, float * row) const {
    const uint8_t * data = (const uint8_t *) embedding_->data + (size_t) token * embedding_->nb[1];
    if (embedding_->type == GGML_TYPE_F32) std::memcpy(row, data, embedding_->nb[1]);
    else ggml_get_type_traits(embedding_->type)->to_float(data, row, embedding_->ne[0]);
    if (architecture_.embedding_scale == 1) return;
    for (int64_t i = 0; i < embedding_->ne[0]; i++) row[i] *= architecture_.embedding_scale;
}

uint64_t Weights::fingerprint() const {
    uint64_t hash = mapped_.size();
    for (size_t i = 0; i < mapped_.size(); i += sizeof(uint64_t)) {
        uint64_t word = 0;
        std::memcpy(&word, mapped_.data() + i, std::min(sizeof word, mapped_.size() - i));
        hash = (hash ^ word) * 0x9E3779B97F4A7C15ull;  // odd, so that nothing is lost
        hash ^= hash >> 29;
    }
    return hash;
}

}  // namespace isheep
