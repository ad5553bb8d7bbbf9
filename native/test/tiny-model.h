// Tiny models with random weights of every architecture that can be trained, made in milliseconds and the same for the
// same options on every machine: a byte-level vocabulary, a ChatML template, any weight type. llama.cpp loads and runs
// them; what they say means nothing. Leaves out what a test does not need: other tokenizers and metadata.
#pragma once

#include "ggml.h"

#include <cstdint>
#include <string>

namespace isheep {

struct TinyModelOptions {
    uint32_t seed = 1;
    ggml_type type = GGML_TYPE_F32;  // of the matrices; norms stay F32
    // 0: the smallest that the type's blocks allow (64 and 96, or 256 and 512 for blocks of 256).
    int width = 0;
    int feed_forward = 0;
    int layers = 2;
    int heads = 4;
    int kv_heads = 2;
    int head_dim = 0;  // 0: width / heads
    int context = 512;
    bool tied = true;                    // the output matrix is the token embedding
    float output_scale = 1;              // of an untied output matrix: large ones make extreme probabilities
    bool rope_factors = false;           // a rope_freqs.weight, as Llama 3 has
    float rope_scale = 1;                // linear scaling of positions: 2 halves them
    int window = 0;                      // of gemma3's local layers; 0: none is local
    int window_period = 2;               // every so many layers the last one is not local
    bool attention_bias = false;         // biases on q, k and v; qwen2 has them anyway
    std::string extra_tensor;            // a further vector, of this name and n_embd numbers
    bool dequantized = false;            // the numbers that `type` leaves, stored as F32
    int experts = 0;                     // says that the feed-forward part has experts, which our trainer refuses
    std::string architecture = "llama";  // an unknown one gets the tensors of llama
    bool chat_template = true;
};

constexpr int tiny_vocabulary_size = 320;

// Writes the model to `path`. Throws Error(bad_config) for options that make no model.
void write_tiny_model(const std::string & path, TinyModelOptions options);

// "F32", "q4_K"… as a ggml_type, whatever the case. Throws Error(bad_config) for an unknown name.
ggml_type type_by_name(const std::string & name);

}  // namespace isheep
