// What can be trained. The architectures, by their GGUF name, and what tells them apart. A row is an architecture; the
// layer graph reads the features, so that none has a graph of its own. What every one of them has: RMS norms before
// attention and feed-forward, RoPE over whole heads, query heads that share key heads, a gated feed-forward part, and,
// where the file has them, biases on q, k and v and an output matrix apart from the token embedding.
#pragma once

#include "ggml.h"

#include <array>

namespace isheep {

enum class Activation { silu, gelu };  // of the gate; gelu in its tanh form

struct Features {
    const char * name;      // general.architecture
    int rope_type;          // of ggml_rope_ext: which numbers of a head turn together
    bool rope_factors;      // the file may divide the frequencies (rope_freqs.weight)
    bool query_key_norms;   // RMS norms of every head of q and k, before RoPE
    bool post_norms;        // RMS norms of what attention and feed-forward give, before it is added
    bool scaled_embedding;  // token embeddings times sqrt(n_embd)
    bool sliding_window;    // where the file names a window, most layers see no further back and have a RoPE base apart
    Activation activation;
};

constexpr int adjacent_pairs = GGML_ROPE_TYPE_NORMAL;  // 2i and 2i + 1
constexpr int half_apart = GGML_ROPE_TYPE_NEOX;        // i and i + head_dim / 2

// clang-format off
constexpr std::array<Features, 4> trainable_architectures = {{
    //          RoPE            factors q/k norms post norms scaled window  activation
    {"llama",   adjacent_pairs, true,   false,    false,     false, false,  Activation::silu},
    {"qwen2",   half_apart,     false,  false,    false,     false, false,  Activation::silu},
    {"qwen3",   half_apart,     false,  true,     false,     false, false,  Activation::silu},
    {"gemma3",  half_apart,     false,  true,     true,      true,  true,   Activation::gelu},
}};

// The types of stored weights that can be trained on: all that ggml reads as numbers and multiplies by.
constexpr ggml_type trainable_types[] = {
    GGML_TYPE_F32,    GGML_TYPE_F16,     GGML_TYPE_BF16,  GGML_TYPE_Q8_0,
    GGML_TYPE_Q4_0,   GGML_TYPE_Q4_1,    GGML_TYPE_Q5_0,  GGML_TYPE_Q5_1,
    GGML_TYPE_Q2_K,   GGML_TYPE_Q3_K,    GGML_TYPE_Q4_K,  GGML_TYPE_Q5_K,  GGML_TYPE_Q6_K,
    GGML_TYPE_IQ4_NL, GGML_TYPE_IQ4_XS,  GGML_TYPE_IQ3_S, GGML_TYPE_IQ3_XXS,
    GGML_TYPE_IQ2_S,  GGML_TYPE_IQ2_XXS, GGML_TYPE_IQ2_XS, GGML_TYPE_IQ1_S, GGML_TYPE_IQ1_M,
    GGML_TYPE_TQ1_0,  GGML_TYPE_TQ2_0,   GGML_TYPE_MXFP4, GGML_TYPE_NVFP4, GGML_TYPE_Q1_0, GGML_TYPE_Q2_0,
};
// clang-format on

}  // namespace isheep
