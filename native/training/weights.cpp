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

// Copies rows first … first + count of `matrix` into the same columns of its transposed copy.
void transpose_slab(const Matrix & matrix, int64_t first, int64_t count) {
    const int64_t n_in = matrix.n_in();
    const ggml_type type = matrix.backward->type;
    std::vector<float> values((size_t) (count * n_in)), column((size_t) count);
    const uint8_t * rows = (const uint8_t *) matrix.forward->data + first * matrix.forward->nb[1];
    if (matrix.forward->type == GGML_TYPE_F32) std::memcpy(values.data(), rows, values.size() * sizeof(float));
    else ggml_get_type_traits(matrix.forward->type)->to_float(rows, values.data(), (int64_t) values.size());
    std::vector<uint8_t> packed(ggml_row_size(type, count));
    for (int64_t c = 0; c < n_in; c++) {
        for (int64_t r = 0; r < count; r++) column[(size_t) r] = values[(size_t) (r * n_in + c)];
        ggml_quantize_chunk(type, column.data(), packed.data(), 0, 1, count, nullptr);
        const size_t offset = c * matrix.backward->nb[1] + ggml_row_size(type, first);
        ggml_backend_tensor_set(matrix.backward, packed.data(), offset, packed.size());
    }
}

void fill_backward(const Matrix & matrix) {
    for (int64_t first = 0; first < matrix.n_out(); first += slab) {
        transpose_slab(matrix, first, std::min(slab, matrix.n_out() - first));
    }
}

}  // namespace

ggml_type backward_type(ggml_type forward, int64_t n_out) {
    if (forward == GGML_TYPE_F32) return GGML_TYPE_F32;
    if (forward == GGML_TYPE_F16 || forward == GGML_TYPE_BF16) return GGML_TYPE_BF16;
    return n_out % ggml_blck_size(GGML_TYPE_Q8_0) == 0 ? GGML_TYPE_Q8_0 : GGML_TYPE_BF16;
}

Weights::Weights(const std::string & path, ggml_backend_buffer_type_t buffer_type, int n_threads)
    : file_(path),
      architecture_(read_architecture(file_)),
      mapped_(checked_alignment(file_)),
      mapped_buffer_(ggml_backend_cpu_buffer_from_ptr((void *) mapped_.data(), mapped_.size())),
      mapped_context_(ggml_init({(file_.tensors().size() + 1) * ggml_tensor_overhead(), nullptr, true})),
      transposed_(file_.tensors().size() + 1) {
    for (int i = 0; i < architecture_.n_layers; i++) layers_.push_back(map_layer(i));
    output_norm_ = map_tensor("output_norm.weight");
    if (architecture_.has_rope_factors) rope_factors_ = map_tensor("rope_freqs.weight");
    output_ = map_matrix(architecture_.tied_output ? "token_embd.weight" : "output.weight");
    embedding_ = architecture_.tied_output ? output_.forward : map_tensor("token_embd.weight");
    transposed_.allocate(buffer_type);
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
    return file_.find(name) ? map_tensor(name) : nullptr;
}

ggml_tensor * Weights::map_tensor(const std::string & name) {
    const ggml_tensor * described = file_.find(name);
    ggml_tensor * t = ggml_new_tensor(mapped_context_.get(), described->type, GGML_MAX_DIMS, described->ne);
    ggml_backend_tensor_alloc(mapped_buffer_.get(), t, (void *) (mapped_.data() + file_.data_offset(described)));
    return t;
}

Matrix Weights::map_matrix(const std::string & name) {
    Matrix matrix{map_tensor(name), nullptr};
    is_exact_ = is_exact_ && matrix.forward->type == GGML_TYPE_F32;
    const ggml_type type = backward_type(matrix.forward->type, matrix.n_out());
    matrix.backward = transposed_.add(type, matrix.n_out(), matrix.n_in());
    to_transpose_.push_back(matrix);
    return matrix;
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
