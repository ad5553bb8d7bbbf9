#include "test/tiny-model.h"

#include "common/handles.h"
#include "common/status.h"
#include "test/tiny-vocabulary.h"
#include "training/features.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstring>
#include <random>
#include <vector>

namespace isheep {
namespace {

// ChatML with a default system turn, so that templates with and without one can be told apart.
const char * const chat_template =
    "{%- if messages[0]['role'] != 'system' -%}{{ '<|im_start|>system\nBe brief.<|im_end|>\n' }}{%- endif -%}"
    "{%- for message in messages -%}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{ '<|im_start|>assistant\n' }}{%- endif -%}";

// Uniform numbers of a given standard deviation. std::mt19937 is the same everywhere, the standard distributions are
// not.
class Random {
public:
    explicit Random(uint32_t seed) : engine_(seed) {}
    float operator()(float mean, float deviation) {
        const double unit = (engine_() + 0.5) / 4294967296.0;
        return (float) (mean + deviation * std::sqrt(12.0) * (unit - 0.5));
    }

private:
    std::mt19937 engine_;
};

const Features & features_of(const std::string & architecture) {
    for (const Features & features : trainable_architectures) {
        if (architecture == features.name) return features;
    }
    return trainable_architectures[0];
}

class TinyModelWriter {
public:
    explicit TinyModelWriter(const TinyModelOptions & options)
        : options_(options),
          features_(features_of(options.architecture)),
          gguf_(gguf_init_empty()),
          context_(ggml_init({context_bytes(options), nullptr, false})),
          random_(options.seed) {}

    void write(const std::string & path) {
        write_metadata();
        write_vocabulary();
        write_tensors();
        if (!gguf_write_to_file(gguf_.get(), path.c_str(), false)) {
            throw Error(Code::native_failure, "could not write the tiny model " + path);
        }
    }

private:
    static size_t context_bytes(const TinyModelOptions & o) {
        const size_t width = o.width, attention = o.head_dim * o.heads;
        const size_t layer = 4 * width * attention + 3 * width * o.feed_forward + 8 * (width + attention);
        const size_t numbers = o.layers * layer + 2 * width * (tiny_vocabulary_size + 2);
        return numbers * sizeof(float) + (o.layers * 20 + 8) * (ggml_tensor_overhead() + 64);
    }

    void set(const std::string & key, uint32_t value) {
        gguf_set_val_u32(gguf_.get(), (options_.architecture + key).c_str(), value);
    }
    void set(const std::string & key, float value) {
        gguf_set_val_f32(gguf_.get(), (options_.architecture + key).c_str(), value);
    }

    void write_metadata() {
        gguf_set_val_str(gguf_.get(), "general.architecture", options_.architecture.c_str());
        gguf_set_val_str(gguf_.get(), "general.type", "model");
        gguf_set_val_str(gguf_.get(), "general.name", "tiny random model");
        set(".block_count", (uint32_t) options_.layers);
        set(".context_length", (uint32_t) options_.context);
        set(".embedding_length", (uint32_t) options_.width);
        set(".feed_forward_length", (uint32_t) options_.feed_forward);
        set(".attention.head_count", (uint32_t) options_.heads);
        set(".attention.head_count_kv", (uint32_t) options_.kv_heads);
        set(".attention.layer_norm_rms_epsilon", 1e-5f);
        set(".attention.key_length", (uint32_t) options_.head_dim);
        set(".attention.value_length", (uint32_t) options_.head_dim);
        set(".rope.dimension_count", (uint32_t) options_.head_dim);
        set(".rope.freq_base", options_.window ? 1000000.0f : 10000.0f);
        set(".vocab_size", (uint32_t) tiny_vocabulary_size);
        if (options_.window) {
            set(".attention.sliding_window", (uint32_t) options_.window);
            set(".attention.sliding_window_pattern", (uint32_t) options_.window_period);
            set(".rope.freq_base_swa", 10000.0f);
        }
        if (options_.experts > 0) {
            set(".expert_count", (uint32_t) options_.experts);
            set(".expert_used_count", 1u);
        }
        if (options_.rope_scale != 1) {
            gguf_set_val_str(gguf_.get(), (options_.architecture + ".rope.scaling.type").c_str(), "linear");
            set(".rope.scaling.factor", options_.rope_scale);
        }
    }

    void write_vocabulary() {
        const TinyVocabulary vocabulary = tiny_vocabulary();
        auto strings = [&](const char * key, const std::vector<std::string> & values) {
            std::vector<const char *> pointers;
            for (const std::string & value : values) pointers.push_back(value.c_str());
            gguf_set_arr_str(gguf_.get(), key, pointers.data(), pointers.size());
        };
        gguf_set_val_str(gguf_.get(), "tokenizer.ggml.model", "gpt2");
        gguf_set_val_str(gguf_.get(), "tokenizer.ggml.pre", "smollm");
        strings("tokenizer.ggml.tokens", vocabulary.tokens);
        gguf_set_arr_data(gguf_.get(), "tokenizer.ggml.token_type", GGUF_TYPE_INT32, vocabulary.types.data(),
                          vocabulary.types.size());
        strings("tokenizer.ggml.merges", vocabulary.merges);
        gguf_set_val_u32(gguf_.get(), "tokenizer.ggml.bos_token_id", vocabulary.turn_start);
        gguf_set_val_u32(gguf_.get(), "tokenizer.ggml.eos_token_id", vocabulary.turn_end);
        gguf_set_val_u32(gguf_.get(), "tokenizer.ggml.padding_token_id", vocabulary.end_of_text);
        gguf_set_val_bool(gguf_.get(), "tokenizer.ggml.add_bos_token", false);
        if (options_.chat_template) gguf_set_val_str(gguf_.get(), "tokenizer.chat_template", chat_template);
    }

    // A matrix [in, out] whose products keep the size of what they multiply; a vector where out is 0.
    void add(const std::string & name, int in, int out, float mean, float deviation) {
        const ggml_type stored = options_.dequantized ? GGML_TYPE_F32 : options_.type;
        ggml_tensor * tensor = out ? ggml_new_tensor_2d(context_.get(), stored, in, out)
                                   : ggml_new_tensor_1d(context_.get(), GGML_TYPE_F32, in);
        std::vector<float> values(ggml_nelements(tensor));
        for (float & value : values) value = random_(mean, deviation);
        if (out && options_.type != GGML_TYPE_F32) {
            const std::vector<float> importance(in, 1.0f);  // some types cannot be quantized without
            std::vector<uint8_t> packed(ggml_row_size(options_.type, in) * out);
            const bool is_whole = options_.type == GGML_TYPE_I32;  // of no model, for tests of what is refused
            if (!is_whole)
                ggml_quantize_chunk(options_.type, values.data(), packed.data(), 0, out, in, importance.data());
            if (options_.dequantized)
                ggml_get_type_traits(options_.type)
                    ->to_float(packed.data(), (float *) tensor->data, (int64_t) values.size());
            else std::memcpy(tensor->data, packed.data(), packed.size());
        } else {
            std::memcpy(tensor->data, values.data(), values.size() * sizeof(float));
        }
        ggml_set_name(tensor, name.c_str());
        gguf_add_tensor(gguf_.get(), tensor);
    }
    void add_matrix(const std::string & name, int in, int out) { add(name, in, out, 0, 1 / std::sqrt((float) in)); }
    void add_norm(const std::string & name, int n) { add(name, n, 0, 1, 0.1f); }

    void write_layer(const std::string & layer) {
        const int width = options_.width, kv_width = options_.head_dim * options_.kv_heads;
        const int attention_width = options_.head_dim * options_.heads;
        add_norm(layer + "attn_norm.weight", width);
        add_matrix(layer + "attn_q.weight", width, attention_width);
        add_matrix(layer + "attn_k.weight", width, kv_width);
        add_matrix(layer + "attn_v.weight", width, kv_width);
        add_matrix(layer + "attn_output.weight", attention_width, width);
        if (options_.attention_bias) {
            add(layer + "attn_q.bias", attention_width, 0, 0, 0.1f);
            add(layer + "attn_k.bias", kv_width, 0, 0, 0.1f);
            add(layer + "attn_v.bias", kv_width, 0, 0, 0.1f);
        }
        if (features_.query_key_norms) {
            add_norm(layer + "attn_q_norm.weight", options_.head_dim);
            add_norm(layer + "attn_k_norm.weight", options_.head_dim);
        }
        add_norm(layer + "ffn_norm.weight", width);
        add_matrix(layer + "ffn_gate.weight", width, options_.feed_forward);
        add_matrix(layer + "ffn_up.weight", width, options_.feed_forward);
        add_matrix(layer + "ffn_down.weight", options_.feed_forward, width);
        if (features_.post_norms) {
            add_norm(layer + "post_attention_norm.weight", width);
            add_norm(layer + "post_ffw_norm.weight", width);
        }
    }

    void write_tensors() {
        const float root = std::sqrt((float) options_.width);
        add("token_embd.weight", options_.width, tiny_vocabulary_size, 0, features_.scaled_embedding ? 1 / root : 0.5f);
        for (int i = 0; i < options_.layers; i++) write_layer("blk." + std::to_string(i) + ".");
        add_norm("output_norm.weight", options_.width);
        if (!options_.tied) {
            add("output.weight", options_.width, tiny_vocabulary_size, 0, options_.output_scale / root);
        }
        if (options_.rope_factors) add("rope_freqs.weight", options_.head_dim / 2, 0, 2, 0.5f);
        if (!options_.extra_tensor.empty()) add_norm(options_.extra_tensor, options_.width);
    }

    const TinyModelOptions & options_;
    const Features & features_;
    Gguf gguf_;
    Context context_;
    Random random_;
};

}  // namespace

void write_tiny_model(const std::string & path, TinyModelOptions options) {
    const int64_t block = ggml_blck_size(options.type);
    if (!options.width) options.width = block > 64 ? (int) block : 64;
    if (!options.head_dim) options.head_dim = options.width / std::max(1, options.heads);
    if (options.architecture == "qwen2") options.attention_bias = true;
    if (!options.feed_forward) options.feed_forward = block > 32 ? 2 * (int) block : 96;
    if (options.layers < 1 || options.heads < 1 || options.kv_heads < 1 || options.heads % options.kv_heads ||
        options.head_dim < 2 || options.head_dim % 2 || options.width % block ||
        options.head_dim * options.heads % block || options.feed_forward % block) {
        throw Error(Code::bad_config, "a tiny model of this shape cannot be made",
                    "width, feed-forward length and all heads together must be multiples of the type's block, " +
                        std::to_string(block) + ", the size of a head of 2, the heads of the kv heads");
    }
    TinyModelWriter(options).write(path);
}

ggml_type type_by_name(const std::string & name) {
    auto lower = [](std::string text) {
        std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
        return text;
    };
    for (int type = 0; type < GGML_TYPE_COUNT; type++) {
        const char * known = ggml_type_name((ggml_type) type);
        if (known && ggml_blck_size((ggml_type) type) > 0 && lower(known) == lower(name)) return (ggml_type) type;
    }
    throw Error(Code::bad_config, "there is no weight type \"" + name + "\"",
                "for example f32, f16, bf16, q8_0, q4_0, q4_K");
}

}  // namespace isheep
