// What a model is, as its GGUF says: the numbers that the layer graphs need, and whether we can train it at all.
// Knows no tensors' data and builds nothing.
#pragma once

#include "common/gguf-file.h"

#include <string>

namespace isheep {

struct Architecture {
    std::string name;  // general.architecture
    int n_layers, n_embd, n_ff, n_vocab;
    int n_heads, n_kv_heads;  // query heads, and the key heads that they share
    int head_dim;             // numbers of one head, of queries, keys and values alike
    float rms_epsilon;
    int rope_type;             // of ggml_rope_ext
    float rope_base;           // theta
    float rope_scale;          // factor on positions (1: none)
    bool has_rope_factors;     // rope_freqs.weight divides the frequencies
    bool tied_output;          // the token embedding is the output matrix

    int attention_width() const { return n_heads * head_dim; }
    int kv_width() const { return n_kv_heads * head_dim; }
};

// Throws Error(unsupported_model) naming what is not supported and what is, or what is missing. Looks at every tensor's
// name and shape, so that what it accepts can be computed.
Architecture read_architecture(const GgufFile & file);

// blk.<layer>.<part>.weight
std::string layer_tensor(int layer, const char * part);

}  // namespace isheep
