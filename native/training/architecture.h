// What a model is, as its GGUF says: the numbers that the layer graphs need, and whether we can train it at all.
// Knows no tensors' data and builds nothing.
#pragma once

#include "common/gguf-file.h"
#include "training/features.h"

#include <string>

namespace isheep {

struct Architecture {
    std::string name;  // general.architecture
    Features features;
    int n_layers, n_embd, n_ff, n_vocab;
    int n_heads, n_kv_heads;  // query heads, and the key heads that they share
    int head_dim;             // numbers of one head, of queries, keys and values alike
    float rms_epsilon;
    float attention_scale;  // of the scores
    float embedding_scale;  // of the token embeddings
    float rope_base;        // theta
    float rope_scale;       // factor on positions (1: none)
    float rope_base_local;  // of the layers with a window; their positions are never scaled
    int window;             // keys that a query of such a layer sees, itself included; 0: no layer has a window
    int window_period;      // every so many layers the last one sees everything; 0: none does
    bool has_rope_factors;  // rope_freqs.weight divides the frequencies
    bool tied_output;       // the token embedding is the output matrix

    int attention_width() const { return n_heads * head_dim; }
    int kv_width() const { return n_kv_heads * head_dim; }

    bool is_local(int layer) const {
        return window > 0 && (window_period == 0 || layer % window_period < window_period - 1);
    }
    int window_of(int layer) const { return is_local(layer) ? window : 0; }
    float rope_base_of(int layer) const { return is_local(layer) ? rope_base_local : rope_base; }
    float rope_scale_of(int layer) const { return is_local(layer) ? 1.0f : rope_scale; }
};

// Throws Error(unsupported_model) naming what is not supported and what is, or what is missing. Looks at every tensor's
// name and shape, so that what it accepts can be computed.
Architecture read_architecture(const GgufFile & file);

// blk.<layer>.<part>.weight
std::string layer_tensor(int layer, const char * part);
// blk.<layer>.<part>.bias
std::string layer_bias(int layer, const char * part);

}  // namespace isheep
