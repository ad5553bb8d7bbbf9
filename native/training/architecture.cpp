#include "training/architecture.h"

#include "common/status.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace isheep {
namespace {

// Sums of rows are broadcast 16 numbers at a time (training/graph.h), so a row must have a multiple of that.
constexpr int row_multiple = 16;

std::string supported_names() {
    std::string names;
    for (const Features & features : trainable_architectures)
        names += (names.empty() ? "" : ", ") + std::string(features.name);
    return names;
}

[[noreturn]] void unsupported(const GgufFile & file, const std::string & what) {
    throw Error(Code::unsupported_model, file.path() + ": " + what,
                "training supports the architectures " + supported_names() +
                    " (Llama, Mistral, SmolLM, TinyLlama, Qwen 1.5 to 3, Gemma 3 and others that are stored as one of "
                    "these), without experts and without RoPE scaling other than linear");
}

Features features_of(const GgufFile & file, const std::string & name) {
    for (const Features & features : trainable_architectures) {
        if (name == features.name) return features;
    }
    unsupported(file, "models of the architecture \"" + name + "\" cannot be trained");
}

int positive(const GgufFile & file, const std::string & key, int64_t value) {
    if (value < 1 || value > (1 << 28)) unsupported(file, key + " is " + std::to_string(value));
    return (int) value;
}
int positive(const GgufFile & file, const std::string & key) {
    return positive(file, key, file.integer(key));
}

// Keys that change what llama.cpp computes, with the one value that is computed here.
void refuse_other_values(const GgufFile & file, const Architecture & a) {
    auto whole = [&](const char * part, int64_t expected) {
        const std::string key = a.name + part;
        const int64_t value = file.integer(key, expected);
        if (value != expected)
            unsupported(file, key + " is " + std::to_string(value) + "; expected " + std::to_string(expected));
    };
    auto number = [&](const char * part, double expected) {
        const std::string key = a.name + part;
        if (file.number(key, expected) != expected)
            unsupported(file, key + " is " + std::to_string(file.number(key, expected)));
    };
    whole(".expert_count", 0);
    whole(".nextn_predict_layers", 0);
    whole(".embedding_length_out", a.n_embd);
    whole(".attention.value_length", a.head_dim);
    whole(".attention.key_length_swa", a.head_dim);
    whole(".attention.value_length_swa", a.head_dim);
    whole(".rope.dimension_count", a.head_dim);  // only whole heads are rotated here
    whole(".rope.dimension_count_swa", a.head_dim);
    number(".rope.scaling.attn_factor", 1);
    number(".final_logit_softcapping", 0);
    if (!file.flag(a.name + ".attention.causal", true)) unsupported(file, a.name + ".attention.causal is false");
}

void read_rope(const GgufFile & file, Architecture & a) {
    const std::string prefix = a.name + ".rope.";
    a.rope_base = (float) file.number(prefix + "freq_base", 10000.0);
    const std::string scaling = file.text(prefix + "scaling.type", "linear");
    const double factor = file.number(prefix + "scaling.factor", file.number(prefix + "scale_linear", 0.0));
    if (scaling != "none" && scaling != "linear") unsupported(file, "RoPE scaling of type \"" + scaling + "\"");
    a.rope_scale = scaling == "linear" && factor != 0 ? (float) (1 / factor) : 1.0f;
    a.rope_base_local = (float) file.number(prefix + "freq_base_swa", 10000.0);
    if (!(a.rope_base > 0) || !(a.rope_base_local > 0) || !std::isfinite(a.rope_scale) || !(a.rope_scale > 0))
        unsupported(file, "RoPE base or scale out of range");
}

// llama.cpp gives a window to all layers but each sixth where the file does not say.
void read_window(const GgufFile & file, Architecture & a) {
    const std::string key = a.name + ".attention.sliding_window";
    if (!a.features.sliding_window || file.integer(key, 0) == 0) return;
    a.window = positive(file, key);
    const int64_t period = file.integer(key + "_pattern", 6);
    a.window_period = period == 0 ? 0 : positive(file, key + "_pattern", period);
}

// Gemma 3 27B alone, which llama.cpp knows by its number of layers, does not scale by the size of a head.
float attention_scale(const Architecture & a) {
    constexpr int layers_of_27b = 62;
    const bool by_width = a.name == "gemma3" && a.n_layers == layers_of_27b;
    return 1 / std::sqrt((float) (by_width ? a.n_embd / a.n_heads : a.head_dim));
}

void read_numbers(const GgufFile & file, Architecture & a) {
    const std::string prefix = a.name + ".";
    a.n_layers = positive(file, prefix + "block_count");
    if ((size_t) a.n_layers > file.tensors().size())
        unsupported(file, prefix + "block_count is above the number of tensors");
    a.n_embd = positive(file, prefix + "embedding_length");
    a.n_ff = positive(file, prefix + "feed_forward_length");
    a.n_heads = positive(file, prefix + "attention.head_count");
    const std::string kv_key = prefix + "attention.head_count_kv";
    a.n_kv_heads = positive(file, kv_key, file.integer(kv_key, a.n_heads));
    if (a.n_heads % a.n_kv_heads != 0)
        unsupported(file, std::to_string(a.n_heads) + " heads cannot share " + std::to_string(a.n_kv_heads));
    const std::string key_length = prefix + "attention.key_length";
    a.head_dim = positive(file, key_length, file.integer(key_length, a.n_embd / a.n_heads));
    a.rms_epsilon = (float) file.number(prefix + "attention.layer_norm_rms_epsilon");
    if (!(a.rms_epsilon > 0)) unsupported(file, prefix + "attention.layer_norm_rms_epsilon must be above 0");
    if (a.n_embd % row_multiple || a.head_dim % (a.features.query_key_norms ? row_multiple : 2)) {
        unsupported(file, "an embedding length of " + std::to_string(a.n_embd) + " with heads of " +
                              std::to_string(a.head_dim) + "; a multiple of 16 and, without norms of q and k, of 2");
    }
    a.attention_scale = attention_scale(a);
    a.embedding_scale = a.features.scaled_embedding ? std::sqrt((float) a.n_embd) : 1.0f;
}

using Shapes = std::map<std::string, std::pair<int64_t, int64_t>>;

void add_layer(Shapes & shapes, const Architecture & a, int layer) {
    auto add = [&](const char * part, int64_t columns, int64_t rows) {
        shapes[layer_tensor(layer, part)] = {columns, rows};
    };
    add("attn_norm", a.n_embd, 1);
    add("attn_q", a.n_embd, a.attention_width());
    add("attn_k", a.n_embd, a.kv_width());
    add("attn_v", a.n_embd, a.kv_width());
    add("attn_output", a.attention_width(), a.n_embd);
    add("ffn_norm", a.n_embd, 1);
    add("ffn_gate", a.n_embd, a.n_ff);
    add("ffn_up", a.n_embd, a.n_ff);
    add("ffn_down", a.n_ff, a.n_embd);
    if (a.features.query_key_norms) {
        add("attn_q_norm", a.head_dim, 1);
        add("attn_k_norm", a.head_dim, 1);
    }
    if (a.features.post_norms) {
        add("post_attention_norm", a.n_embd, 1);
        add("post_ffw_norm", a.n_embd, 1);
    }
}

Shapes required_tensors(const Architecture & a) {
    Shapes shapes = {{"token_embd.weight", {a.n_embd, a.n_vocab}}, {"output_norm.weight", {a.n_embd, 1}}};
    for (int i = 0; i < a.n_layers; i++) add_layer(shapes, a, i);
    return shapes;
}

Shapes optional_tensors(const Architecture & a) {
    Shapes shapes = {{"output.weight", {a.n_embd, a.n_vocab}}};
    if (a.features.rope_factors) shapes["rope_freqs.weight"] = {a.head_dim / 2, 1};
    for (int i = 0; i < a.n_layers; i++) {
        shapes[layer_bias(i, "attn_q")] = {a.attention_width(), 1};
        shapes[layer_bias(i, "attn_k")] = {a.kv_width(), 1};
        shapes[layer_bias(i, "attn_v")] = {a.kv_width(), 1};
    }
    return shapes;
}

// A vector must be F32, a matrix of a type that can be read and multiplied by.
void check_tensor(const GgufFile & file, const ggml_tensor * tensor, int64_t columns, int64_t rows) {
    const std::string name = std::string("tensor ") + tensor->name;
    if (tensor->ne[0] != columns || ggml_nrows(tensor) != rows || tensor->ne[1] != rows) {
        unsupported(file, name + " has shape " + std::to_string(tensor->ne[0]) + " x " +
                              std::to_string(ggml_nrows(tensor)) + "; expected " + std::to_string(columns) + " x " +
                              std::to_string(rows));
    }
    const auto * known = std::find(std::begin(trainable_types), std::end(trainable_types), tensor->type);
    if (rows == 1 ? tensor->type != GGML_TYPE_F32 : known == std::end(trainable_types))
        unsupported(file, name + " is of type " + ggml_type_name(tensor->type));
}

void check_tensors(const GgufFile & file, const Architecture & a) {
    Shapes shapes = required_tensors(a);
    for (const auto & [name, shape] : shapes) {
        if (!file.find(name)) unsupported(file, "tensor " + name + " is missing");
    }
    shapes.merge(optional_tensors(a));
    for (const ggml_tensor * tensor : file.tensors()) {
        const auto known = shapes.find(tensor->name);
        if (known == shapes.end())
            unsupported(file, std::string("tensor ") + tensor->name + " is not part of what can be trained");
        check_tensor(file, tensor, known->second.first, known->second.second);
    }
}

}  // namespace

std::string layer_tensor(int layer, const char * part) {
    return "blk." + std::to_string(layer) + "." + part + ".weight";
}

std::string layer_bias(int layer, const char * part) {
    return "blk." + std::to_string(layer) + "." + part + ".bias";
}

Architecture read_architecture(const GgufFile & file) {
    Architecture a{};
    a.name = file.text("general.architecture", "");
    a.features = features_of(file, a.name);
    read_numbers(file, a);
    read_rope(file, a);
    read_window(file, a);
    refuse_other_values(file, a);
    const ggml_tensor * embedding = file.find("token_embd.weight");
    if (!embedding) unsupported(file, "tensor token_embd.weight is missing");
    a.n_vocab = positive(file, "the number of tokens", embedding->ne[1]);
    a.tied_output = !file.find("output.weight");
    a.has_rope_factors = a.features.rope_factors && file.find("rope_freqs.weight");
    check_tensors(file, a);
    return a;
}

}  // namespace isheep
