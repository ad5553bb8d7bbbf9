// A GGUF model in memory: what it is, its vocabulary, tokens from text and back. Knows nothing of contexts.
#pragma once

#include "common/handles.h"
#include "inference/packed-products.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace isheep {

struct SpecialToken {
    int32_t id;
    std::string text;
    bool strips_left;   // the tokenizer drops white space before the token
    bool strips_right;  // … after it
};

struct ModelInfo {
    std::string architecture;
    std::string description;
    uint64_t n_params;
    uint64_t n_bytes;
    int32_t n_vocab;
    int32_t n_ctx_train;
    int32_t n_embd;
    int32_t n_layer;
    uint64_t kv_bytes_per_token;  // of a F16 cache, all layers; 0 if the model was loaded for its vocabulary only
    bool has_chat_template;
    std::string chat_template;
    int32_t bos, eos, eot;  // -1: none
    bool add_bos;
    std::string bos_text, eos_text;
    std::vector<SpecialToken> special_tokens;  // control tokens; see docs/decisions.md for user-defined ones
    std::vector<int32_t> end_tokens;
};

class Model {
public:
    // device: as device_by_name takes it. vocabulary_only: neither weights nor device. packed_bytes: what the weights
    // may take once more, packed for faster products on the CPU; they are not where they would take more. Throws Error:
    // model_not_found, bad_input, unsupported_model, bad_config, not_enough_memory.
    static std::shared_ptr<Model> load(const std::string & path, const std::string & device, bool vocabulary_only,
                                       uint64_t packed_bytes = 0);

    const ModelInfo & info() const { return info_; }
    llama_model * get() const { return model_.get(); }
    bool vocabulary_only() const { return vocabulary_only_; }
    bool on_gpu() const { return on_gpu_; }
    // False where the embedding is the output matrix, too.
    bool has_output() const { return has_output_; }
    // Null where ggml multiplies by the weights as they are.
    PackedWeights * packed() const { return packed_.get(); }
    bool is_end(int32_t token) const { return is_end_[token]; }
    // Whether the token stands for text: control tokens do not.
    bool has_text(int32_t token) const { return has_text_[token]; }
    bool has_tokenizer() const;

    // Never with BOS. special: texts of special tokens become those tokens. Throws Error(unsupported_model) where the
    // GGUF has no tokenizer.
    std::vector<int32_t> tokenize(const std::string & text, bool special) const;
    // Special tokens left out; may end inside a character.
    std::string detokenize(const std::vector<int32_t> & tokens) const;
    // Appends the bytes of one token, none for a special one, to `text`.
    void append_piece(int32_t token, std::string & text) const;
    // Throws Error(bad_input) naming `where` if a token is not one of the vocabulary.
    void check_tokens(const std::vector<int32_t> & tokens, const std::string & where) const;

private:
    Model() = default;
    // Numbers of a head's keys and values, as the file says; 0: nothing.
    struct HeadLengths {
        uint64_t key;
        uint64_t value;
    };
    HeadLengths read_keys(const std::string & path);
    void read_info(const HeadLengths & lengths);
    void read_tokens();

    LlamaModel model_;
    const llama_vocab * vocab_ = nullptr;
    uint64_t n_packable_ = 0;  // numbers of matrices that can be packed
    std::unique_ptr<PackedWeights> packed_;
    bool vocabulary_only_ = false;
    bool on_gpu_ = false;
    bool has_output_ = false;
    ModelInfo info_;
    std::vector<bool> is_end_;    // [n_vocab]
    std::vector<bool> has_text_;  // [n_vocab]
};

// A LoRA adapter over a model, which it keeps alive.
class Adapter {
public:
    // Throws Error: model_not_found, bad_input, adapter_mismatch.
    static std::shared_ptr<Adapter> load(std::shared_ptr<Model> model, const std::string & path);

    const std::shared_ptr<Model> & model() const { return model_; }
    llama_adapter_lora * get() const { return adapter_.get(); }

private:
    Adapter() = default;

    std::shared_ptr<Model> model_;
    LlamaAdapter adapter_;  // after model_, so that it is freed first
};

}  // namespace isheep
