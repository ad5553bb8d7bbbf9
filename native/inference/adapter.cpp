// Loading a LoRA adapter over a model, with everything checked on which llama.cpp or ggml would abort.
#include "common/log-capture.h"
#include "common/status.h"
#include "inference/gguf-check.h"
#include "inference/model.h"

#include <string>

namespace isheep {
namespace {

void check_string(const gguf_context * gguf, const std::string & path, const char * key, const std::string & expected) {
    const std::string value = string_key(gguf, key);
    if (value == expected) return;
    throw Error(Code::adapter_mismatch, path + " has \"" + value + "\" as " + key + "; \"" + expected + "\" is needed",
                "use a LoRA adapter in llama.cpp's GGUF form that was trained on this model");
}

// Of the embedding, llama.cpp neither compares the ranks of A and B, nor does it expect the pair where the same matrix
// is the output, too: there it multiplies by what it looks up.
void check_embedding(const gguf_context * gguf, const std::string & path, bool is_tied) {
    const std::string name = "token_embd.weight";
    const int64_t a = gguf_find_tensor(gguf, (name + ".lora_a").c_str());
    const int64_t b = gguf_find_tensor(gguf, (name + ".lora_b").c_str());
    if (a < 0 || b < 0) return;
    if (is_tied) {
        throw Error(
            Code::adapter_mismatch,
            path + " changes the embedding, which is the output matrix of this model, too; llama.cpp cannot do that",
            "train an adapter without embed_tokens, or merge it where it was trained");
    }
    if (gguf_get_tensor_ne(gguf, a)[0] == gguf_get_tensor_ne(gguf, b)[0]) return;
    throw Error(Code::adapter_mismatch, path + ": A and B of " + name + " have different ranks");
}

// The keys that llama.cpp reads without looking at their type, and the shapes that its graphs assume.
void check_adapter(const gguf_context * gguf, const std::string & path, const std::string & architecture) {
    check_string(gguf, path, "general.type", "adapter");
    check_string(gguf, path, "general.architecture", architecture);
    check_string(gguf, path, "adapter.type", "lora");
    const int64_t alpha = gguf_find_key(gguf, "adapter.lora.alpha");
    if (alpha < 0 || gguf_get_kv_type(gguf, alpha) != GGUF_TYPE_FLOAT32) {
        throw Error(Code::adapter_mismatch, path + " has no 32-bit float as adapter.lora.alpha");
    }
    for (int64_t i = 0; i < gguf_get_n_tensors(gguf); i++) {
        const int64_t * ne = gguf_get_tensor_ne(gguf, i);
        const ggml_type type = gguf_get_tensor_type(gguf, i);
        const bool of_experts = std::string(gguf_get_tensor_name(gguf, i)).find("_exps.") != std::string::npos;
        const bool has_type = type == GGML_TYPE_F32 || type == GGML_TYPE_F16 || type == GGML_TYPE_BF16;
        if (has_type && !of_experts && ne[2] == 1 && ne[3] == 1) continue;
        throw Error(Code::adapter_mismatch, path + ": tensor " + gguf_get_tensor_name(gguf, i) +
                                                (of_experts ? " is of a model's experts, which are more than one matrix"
                                                            : " is not a matrix of F32, F16 or BF16"));
    }
}

}  // namespace

std::shared_ptr<Adapter> Adapter::load(std::shared_ptr<Model> model, const std::string & path) {
    if (model->vocabulary_only()) {
        throw Error(Code::bad_config, "the model was loaded for its vocabulary only, so it takes no adapter");
    }
    {
        const Gguf gguf = open_checked_gguf(path, "adapter");
        check_adapter(gguf.get(), path, model->info().architecture);
        check_embedding(gguf.get(), path, !model->has_output());
    }
    take_logged_errors();
    std::shared_ptr<Adapter> adapter(new Adapter());
    adapter->model_ = std::move(model);
    adapter->adapter_.reset(llama_adapter_lora_init(adapter->model_->get(), path.c_str()));
    if (!adapter->adapter_) {
        throw Error(Code::adapter_mismatch, path + " does not fit the model: " + take_logged_errors(),
                    "use an adapter that was trained on this model");
    }
    return adapter;
}

}  // namespace isheep
