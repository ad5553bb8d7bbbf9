#include "training/weights.h"

#include "common/status.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <future>

namespace isheep {
namespace {

std::string checked_alignment(const GgufFile & file) {
    constexpr size_t needed = 32;  // of ggml's CPU code, and what GGUF files have by default
    if (gguf_get_alignment(file.gguf()) % needed == 0) return file.path();
    throw Error(Code::unsupported_model, file.path() + ": its tensors are not aligned to 32 bytes");
}

// Rows of the matrix that are transposed at a time: a multiple of every block size of backward_type, small enough for
// the cache.
constexpr int64_t slab = 256;

// Writes rows first … first + count of `from` into the same columns of the transposed copy at `target`.
void transpose_slab(const Transposition & copy, int64_t first, int64_t count, uint8_t * target) {
    const int64_t n_in = copy.from->ne[0];
    const ggml_type type = copy.to->type;
    std::vector<float> values((size_t) (count * n_in)), column((size_t) count);
    const uint8_t * rows = (const uint8_t *) copy.from->data + first * copy.from->nb[1];
    if (copy.from->type == GGML_TYPE_F32) std::memcpy(values.data(), rows, values.size() * sizeof(float));
    else ggml_get_type_traits(copy.from->type)->to_float(rows, values.data(), (int64_t) values.size());
    for (int64_t c = 0; c < n_in; c++) {
        for (int64_t r = 0; r < count; r++) column[(size_t) r] = values[(size_t) (r * n_in + c)];
        ggml_quantize_chunk(type, column.data(), target + c * copy.to->nb[1] + ggml_row_size(type, first), 0, 1, count,
                            nullptr);
    }
}

// Where the graph's memory is not ours to write, the whole copy is made here first: one transfer, not one a column.
void fill_backward(const Transposition & copy) {
    const bool is_host = ggml_backend_buffer_is_host(copy.to->buffer);
    std::vector<uint8_t> staged(is_host ? 0 : ggml_nbytes(copy.to));
    uint8_t * target = is_host ? (uint8_t *) copy.to->data : staged.data();
    for (int64_t first = 0; first < copy.from->ne[1]; first += slab)
        transpose_slab(copy, first, std::min(slab, copy.from->ne[1] - first), target);
    if (!is_host) set_tensor_from_thread(copy.to, staged.data());
}

}  // namespace

ggml_type backward_type(ggml_type forward, int64_t n_out) {
    if (forward == GGML_TYPE_F32) return GGML_TYPE_F32;
    if (forward == GGML_TYPE_F16 || forward == GGML_TYPE_BF16) return GGML_TYPE_BF16;
    return n_out % ggml_blck_size(GGML_TYPE_Q8_0) == 0 ? GGML_TYPE_Q8_0 : GGML_TYPE_BF16;
}

Weights::Weights(const std::string & path, const Compute & compute, int n_threads)
    : file_(path),
      architecture_(read_architecture(file_)),
      mapped_(checked_alignment(file_)),
      mapped_buffer_(ggml_backend_cpu_buffer_from_ptr((void *) mapped_.data(), mapped_.size())),
      mapped_context_(ggml_init({(file_.tensors().size() + 2) * ggml_tensor_overhead(), nullptr, true})),
      transposed_(file_.tensors().size() + 1),
      copies_(file_.tensors().size() + 1, compute) {
    for (int i = 0; i < architecture_.n_layers; i++) layers_.push_back(map_layer(i));
    output_norm_ = map_optional("output_norm.weight");
    if (architecture_.has_rope_factors) rope_factors_ = map_optional("rope_freqs.weight");
    output_ = map_matrix(architecture_.tied_output ? "token_embd.weight" : "output.weight");
    embedding_ = map_tensor("token_embd.weight");
    transposed_.allocate(compute.buffer_type());
    copies_.fill();
    fill_transposed(n_threads);
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
    return file_.find(name) ? copies_.of(map_tensor(name)) : nullptr;
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
    const ggml_type type = copies_.multiplied(backward_type(mapped->type, mapped->ne[1]), GGML_TYPE_F32);
    ggml_tensor * backward = transposed_.add(type, mapped->ne[1], mapped->ne[0]);
    to_transpose_.push_back({mapped, backward});
    return {copies_.of_matrix(mapped), backward};
}

// Each thread takes the next matrix; what a copy holds does not depend on which thread made it.
void Weights::fill_transposed(int n_threads) {
    std::atomic<size_t> next{0};
    auto work = [&] {
        for (size_t i; (i = next++) < to_transpose_.size();) fill_backward(to_transpose_[i]);
    };
    std::vector<std::future<void>> threads;
    for (int i = 1; i < n_threads; i++) threads.push_back(std::async(std::launch::async, work));
    work();
    for (std::future<void> & thread : threads) thread.get();
    to_transpose_.clear();
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
