#include "training/architecture.h"

#include "common/status.h"

#include <cmath>
#include <map>

namespace isheep {
namespace {

constexpr int rope_adjacent_pairs = 0;  // ggml's rope type that turns numbers 2i and 2i+1 together

// Sums of rows are broadcast 16 numbers at a time (training/graph.h), so a row must have a multiple of that.
constexpr int row_multiple = 16;

[[noreturn]] void unsupported(const GgufFile & file, const std::string & what) {
    throw Error(Code::unsupported_model, file.path() + ": " + what,
                "training supports the architecture llama (Llama, Mistral, SmolLM, TinyLlama and others) without biases and experts");
}

int positive(const GgufFile & file, const std::string & key, int64_t value) {
    if (value < 1 || value > (1 << 28)) unsupported(file, key + " is " + std::to_string(value));
    return (int) value;
}
int positive(const GgufFile & file, const std::string & key) { return positive(file, key, file.integer(key)); }

void read_rope(const GgufFile & file, Architecture & a) {
    const std::string prefix = a.name + ".rope.";
    const int64_t dimensions = file.integer(prefix + "dimension_count", a.head_dim);
    if (dimensions != a.head_dim) {
        unsupported(file, prefix + "dimension_count is " + std::to_string(dimensions) + " and a head has " +
                              std::to_string(a.head_dim) + "; only whole heads are rotated here");
    }
    a.rope_type = rope_adjacent_pairs;
    a.rope_base = (float) file.number(prefix + "freq_base", 10000.0);
    const std::string scaling = file.text(prefix + "scaling.type", "linear");
    const double factor = file.number(prefix + "scaling.factor", file.number(prefix + "scale_linear", 0.0));
    if (scaling != "none" && scaling != "linear") unsupported(file, "RoPE scaling of type \"" + scaling + "\"");
    a.rope_scale = scaling == "linear" && factor != 0 ? (float) (1 / factor) : 1.0f;
    if (!(a.rope_base > 0) || !std::isfinite(a.rope_scale) || !(a.rope_scale > 0)) unsupported(file, "RoPE base or scale out of range");
    if (file.number(prefix + "scaling.attn_factor", 1.0) != 1.0) unsupported(file, prefix + "scaling.attn_factor");
}

void read_numbers(const GgufFile & file, Architecture & a) {
    const std::string prefix = a.name + ".";
    a.n_layers = positive(file, prefix + "block_count");
    if ((size_t) a.n_layers > file.tensors().size()) unsupported(file, prefix + "block_count is above the number of tensors");
    a.n_embd = positive(file, prefix + "embedding_length");
    a.n_ff = positive(file, prefix + "feed_forward_length");
    a.n_heads = positive(file, prefix + "attention.head_count");
    const std::string kv_key = prefix + "attention.head_count_kv";
    a.n_kv_heads = positive(file, kv_key, file.integer(kv_key, a.n_heads));
    if (a.n_heads % a.n_kv_heads != 0) unsupported(file, std::to_string(a.n_heads) + " heads cannot share " + std::to_string(a.n_kv_heads));
    const std::string key_length = prefix + "attention.key_length";
    a.head_dim = positive(file, key_length, file.integer(key_length, a.n_embd / a.n_heads));
    if (file.integer(prefix + "attention.value_length", a.head_dim) != a.head_dim) unsupported(file, "values and keys of different length");
    a.rms_epsilon = (float) file.number(prefix + "attention.layer_norm_rms_epsilon");
    if (!(a.rms_epsilon > 0)) unsupported(file, prefix + "attention.layer_norm_rms_epsilon must be above 0");
    if (a.n_embd % row_multiple || a.head_dim % 2) unsupported(file, "an embedding length or head size that is not a multiple of 16 or 2");
    if (file.integer(prefix + "expert_count", 0) > 0) unsupported(file, "layers with experts (" + prefix + "expert_count)");
}

using Shapes = std::map<std::string, std::pair<int64_t, int64_t>>;

Shapes required_tensors(const Architecture & a) {
    Shapes shapes = {{"token_embd.weight", {a.n_embd, a.n_vocab}}, {"output_norm.weight", {a.n_embd, 1}}};
    for (int i = 0; i < a.n_layers; i++) {
        shapes[layer_tensor(i, "attn_norm")] = {a.n_embd, 1};
        shapes[layer_tensor(i, "attn_q")] = {a.n_embd, a.attention_width()};
        shapes[layer_tensor(i, "attn_k")] = {a.n_embd, a.kv_width()};
        shapes[layer_tensor(i, "attn_v")] = {a.n_embd, a.kv_width()};
        shapes[layer_tensor(i, "attn_output")] = {a.attention_width(), a.n_embd};
        shapes[layer_tensor(i, "ffn_norm")] = {a.n_embd, 1};
        shapes[layer_tensor(i, "ffn_gate")] = {a.n_embd, a.n_ff};
        shapes[layer_tensor(i, "ffn_up")] = {a.n_embd, a.n_ff};
        shapes[layer_tensor(i, "ffn_down")] = {a.n_ff, a.n_embd};
    }
    return shapes;
}

void check_tensors(const GgufFile & file, const Architecture & a) {
    Shapes shapes = required_tensors(a);
    for (const auto & [name, shape] : shapes) {
        if (!file.find(name)) unsupported(file, "tensor " + name + " is missing");
    }
    if (!a.tied_output) shapes["output.weight"] = {a.n_embd, a.n_vocab};
    if (a.has_rope_factors) shapes["rope_freqs.weight"] = {a.head_dim / 2, 1};
    for (const ggml_tensor * tensor : file.tensors()) {
        const auto known = shapes.find(tensor->name);
        if (known == shapes.end()) unsupported(file, std::string("tensor ") + tensor->name + " is not part of what can be trained");
        const auto [columns, rows] = known->second;
        if (tensor->ne[0] != columns || ggml_nrows(tensor) != rows || tensor->ne[1] != rows) {
            unsupported(file, std::string("tensor ") + tensor->name + " has shape " + std::to_string(tensor->ne[0]) + " x " +
                                  std::to_string(ggml_nrows(tensor)) + "; expected " + std::to_string(columns) + " x " + std::to_string(rows));
        }
        const bool is_float = tensor->type == GGML_TYPE_F32;
        if (!is_float && (rows == 1 || !ggml_get_type_traits(tensor->type)->to_float)) {
            unsupported(file, std::string("tensor ") + tensor->name + " is of type " + ggml_type_name(tensor->type));
        }
    }
}

}  // namespace

std::string layer_tensor(int layer, const char * part) { return "blk." + std::to_string(layer) + "." + part + ".weight"; }

Architecture read_architecture(const GgufFile & file) {
    Architecture a{};
    a.name = file.text("general.architecture", "");
    if (a.name != "llama") unsupported(file, "models of the architecture \"" + a.name + "\" cannot be trained");
    read_numbers(file, a);
    read_rope(file, a);
    const ggml_tensor * embedding = file.find("token_embd.weight");
    if (!embedding) unsupported(file, "tensor token_embd.weight is missing");
    a.n_vocab = positive(file, "the number of tokens", embedding->ne[1]);
    a.tied_output = !file.find("output.weight");
    a.has_rope_factors = file.find("rope_freqs.weight") != nullptr;
    check_tensors(file, a);
    return a;
}

}  // namespace isheep
