#include "inference/model.h"

#include "common/backends.h"
#include "common/log-capture.h"
#include "common/status.h"
#include "inference/gguf-check.h"

#include <algorithm>
#include <string>

namespace isheep {
namespace {

uint64_t numbers_to_pack(const gguf_context * gguf) {
    uint64_t n = 0;
    for (int64_t i = 0; i < gguf_get_n_tensors(gguf); i++) {
        const ggml_type type = gguf_get_tensor_type(gguf, i);
        if (PackedWeights::packs(type))
            n += gguf_get_tensor_size(gguf, i) / ggml_type_size(type) * (uint64_t) ggml_blck_size(type);
    }
    return n;
}

// Keys and values of one token in all layers, two bytes a number. key_length, value_length: numbers of one head, 0
// where they are what the width leaves to a head.
uint64_t kv_bytes(const llama_model * model, uint64_t key_length, uint64_t value_length) {
    const uint64_t n_head = std::max(1, llama_model_n_head(model));
    const uint64_t n_head_kv = std::max(1, llama_model_n_head_kv(model));
    const uint64_t default_length = (uint64_t) llama_model_n_embd(model) / n_head;
    const uint64_t per_head =
        (key_length ? key_length : default_length) + (value_length ? value_length : default_length);
    return 2 * (uint64_t) llama_model_n_layer(model) * n_head_kv * per_head;
}

std::string token_text(const llama_vocab * vocab, llama_token token) {
    if (token < 0) return "";
    const char * text = llama_vocab_get_text(vocab, token);
    return text ? text : "";
}

void check_generates(const llama_model * model, const std::string & path, const std::string & architecture) {
    const bool plain = llama_model_has_decoder(model) && !llama_model_has_encoder(model) &&
                       !llama_model_is_recurrent(model) && !llama_model_is_hybrid(model) &&
                       !llama_model_is_diffusion(model);
    if (plain) return;
    throw Error(
        Code::unsupported_model,
        path + " has the architecture \"" + architecture + "\", which is not a decoder with a plain attention cache",
        "use a decoder-only transformer, such as one of the Llama, Qwen or Gemma families");
}

}  // namespace

std::shared_ptr<Model> Model::load(const std::string & path, const std::string & device, bool vocabulary_only,
                                   uint64_t packed_bytes) {
    std::shared_ptr<Model> model(new Model());
    const HeadLengths lengths = model->read_keys(path);
    model->vocabulary_only_ = vocabulary_only;

    ggml_backend_dev_t devices[] = {nullptr, nullptr};  // ends at the first null; none: the CPU alone
    llama_model_params params = llama_model_default_params();
    params.vocab_only = vocabulary_only;
    params.n_gpu_layers = 0;
    params.devices = devices;
    if (!vocabulary_only) {
        ggml_backend_dev_t chosen = device_by_name(device);
        if (ggml_backend_dev_type(chosen) != GGML_BACKEND_DEVICE_TYPE_CPU) {
            devices[0] = chosen;
            params.n_gpu_layers = -1;
            model->on_gpu_ = true;
        } else if (model->n_packable_ > 0 && model->n_packable_ * sizeof(Bf16) <= packed_bytes && has_micro_kernel()) {
            model->packed_ = std::make_unique<PackedWeights>();
            params.use_extra_bufts = false;  // weights that ggml packs for itself cannot be read
        }
    }
    take_logged_errors();
    model->model_.reset(llama_model_load_from_file(path.c_str(), params));
    if (!model->model_) {
        throw Error(
            Code::unsupported_model,
            "llama.cpp could not load " + path + " (architecture \"" + model->info_.architecture +
                "\"): " + take_logged_errors(),
            "use a GGUF of a supported architecture that is made for this release of llama.cpp or an older one");
    }
    if (!vocabulary_only) check_generates(model->get(), path, model->info_.architecture);
    model->read_info(lengths);
    model->read_tokens();
    return model;
}

// Before the model is loaded, so that the file's tokens are not in memory twice.
Model::HeadLengths Model::read_keys(const std::string & path) {
    const Gguf file = open_checked_gguf(path, "model");
    const gguf_context * gguf = file.get();
    if (string_key(gguf, "general.type") == "adapter") {
        throw Error(Code::unsupported_model, path + " is an adapter, not a model", "give the base as the model");
    }
    check_counts(gguf, path);
    has_output_ = gguf_find_tensor(gguf, "output.weight") >= 0;
    const std::string architecture = string_key(gguf, "general.architecture");
    info_.architecture = architecture;
    info_.n_ctx_train = (int32_t) integer_key(gguf, architecture + ".context_length");
    info_.n_embd = (int32_t) integer_key(gguf, architecture + ".embedding_length");
    info_.n_layer = (int32_t) integer_key(gguf, architecture + ".block_count");
    info_.chat_template = string_key(gguf, "tokenizer.chat_template");
    info_.has_chat_template = !info_.chat_template.empty();
    n_packable_ = numbers_to_pack(gguf);
    return {integer_key(gguf, architecture + ".attention.key_length"),
            integer_key(gguf, architecture + ".attention.value_length")};
}

void Model::read_info(const HeadLengths & lengths) {
    vocab_ = llama_model_get_vocab(model_.get());
    char description[256] = {};
    llama_model_desc(model_.get(), description, sizeof(description));
    info_.description = description;
    info_.n_params = llama_model_n_params(model_.get());
    info_.n_bytes = llama_model_size(model_.get());
    info_.n_vocab = llama_vocab_n_tokens(vocab_);
    info_.kv_bytes_per_token = vocabulary_only_ ? 0 : kv_bytes(model_.get(), lengths.key, lengths.value);
    info_.bos = llama_vocab_bos(vocab_);
    info_.eos = llama_vocab_eos(vocab_);
    info_.eot = llama_vocab_eot(vocab_);
    info_.add_bos = llama_vocab_get_add_bos(vocab_) && info_.bos >= 0;
    info_.bos_text = token_text(vocab_, info_.bos);
    info_.eos_text = token_text(vocab_, info_.eos);
}

void Model::read_tokens() {
    is_end_.resize(info_.n_vocab);
    has_text_.resize(info_.n_vocab);
    if (!has_tokenizer()) return;
    std::string piece;
    for (int32_t token = 0; token < info_.n_vocab; token++) {
        piece.clear();
        append_piece(token, piece);
        has_text_[token] = !piece.empty();
        is_end_[token] = llama_vocab_is_eog(vocab_, token);
        if (is_end_[token]) info_.end_tokens.push_back(token);
        if (!llama_vocab_is_control(vocab_, token)) continue;
        const std::string text = token_text(vocab_, token);
        const int attributes = llama_vocab_get_attr(vocab_, token);
        if (!text.empty()) {
            info_.special_tokens.push_back({token, text, (attributes & LLAMA_TOKEN_ATTR_LSTRIP) != 0,
                                            (attributes & LLAMA_TOKEN_ATTR_RSTRIP) != 0});
        }
    }
}

bool Model::has_tokenizer() const {
    return llama_vocab_type(vocab_) != LLAMA_VOCAB_TYPE_NONE;
}

std::vector<int32_t> Model::tokenize(const std::string & text, bool special) const {
    if (!has_tokenizer()) {
        throw Error(Code::unsupported_model, "the model has no tokenizer", "use a GGUF that carries its tokenizer");
    }
    if (text.empty()) return {};
    std::vector<int32_t> tokens(text.size() + 8);  // a token has at least a byte; a few may be added at the front
    int32_t n = llama_tokenize(vocab_, text.data(), (int32_t) text.size(), tokens.data(), (int32_t) tokens.size(),
                               false, special);
    if (n == INT32_MIN) throw Error(Code::bad_input, "a text is too long to be tokenized");
    if (n < 0) {
        tokens.resize(-n);
        n = llama_tokenize(vocab_, text.data(), (int32_t) text.size(), tokens.data(), (int32_t) tokens.size(), false,
                           special);
    }
    tokens.resize(n);
    return tokens;
}

std::string Model::detokenize(const std::vector<int32_t> & tokens) const {
    if (tokens.empty() || !has_tokenizer()) return "";
    std::string text(tokens.size() * 8, '\0');
    const int32_t count = (int32_t) tokens.size();
    int32_t n = llama_detokenize(vocab_, tokens.data(), count, text.data(), (int32_t) text.size(), false, false);
    if (n < 0) {
        text.resize(-n);
        n = llama_detokenize(vocab_, tokens.data(), count, text.data(), (int32_t) text.size(), false, false);
    }
    text.resize(std::max(0, n));
    return text;
}

void Model::append_piece(int32_t token, std::string & text) const {
    if (!has_tokenizer()) return;
    char piece[256];
    const int32_t n = llama_token_to_piece(vocab_, token, piece, sizeof(piece), 0, false);
    if (n >= 0) {
        text.append(piece, n);
        return;
    }
    std::string longer(-n, '\0');
    llama_token_to_piece(vocab_, token, longer.data(), -n, 0, false);
    text += longer;
}

void Model::check_tokens(const std::vector<int32_t> & tokens, const std::string & where) const {
    for (size_t i = 0; i < tokens.size(); i++) {
        if (tokens[i] >= 0 && tokens[i] < info_.n_vocab) continue;
        throw Error(Code::bad_input, where + ": token " + std::to_string(i) + " is " + std::to_string(tokens[i]) +
                                         ", outside the vocabulary of " + std::to_string(info_.n_vocab));
    }
}

}  // namespace isheep
