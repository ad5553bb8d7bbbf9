// Tiny models with random weights of the `llama` architecture, made in milliseconds and the same for the same options on
// every machine: a byte-level vocabulary, a ChatML template, any weight type. llama.cpp loads and runs them; what they
// say means nothing. Leaves out what a test does not need: other architectures, tokenizers and metadata.
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
    int context = 512;
    bool tied = true;           // the output matrix is the token embedding
    float output_scale = 1;     // of an untied output matrix: large ones make extreme probabilities
    bool rope_factors = false;  // a rope_freqs.weight, as Llama 3 has
    float rope_scale = 1;       // linear scaling of positions: 2 halves them
    bool attention_bias = false;  // biases on q, k and v, which our trainer refuses
    int experts = 0;              // says that the feed-forward part has experts, which our trainer refuses
    std::string architecture = "llama";  // what general.architecture says; the tensors stay as they are
    bool chat_template = true;
};

constexpr int tiny_vocabulary_size = 320;

// Writes the model to `path`. Throws Error(bad_config) for options that make no model.
void write_tiny_model(const std::string & path, TinyModelOptions options);

// "F32", "q4_K"… as a ggml_type, whatever the case. Throws Error(bad_config) for an unknown name.
ggml_type type_by_name(const std::string & name);

}  // namespace isheep
