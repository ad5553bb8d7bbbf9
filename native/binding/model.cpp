// loadModel and NativeModel.
#include "binding/arguments.h"
#include "binding/exports.h"
#include "binding/handle.h"
#include "binding/inference.h"
#include "binding/js-error.h"
#include "binding/worker.h"
#include "inference/grammar-filter.h"

namespace isheep {
namespace {

Napi::Array special_tokens(Napi::Env env, const ModelInfo & info) {
    Napi::Array array = Napi::Array::New(env, info.special_tokens.size());
    for (size_t i = 0; i < info.special_tokens.size(); i++) {
        const SpecialToken & token = info.special_tokens[i];
        Napi::Object object = Napi::Object::New(env);
        object.Set("id", token.id);
        object.Set("text", token.text);
        object.Set("stripsLeft", token.strips_left);
        object.Set("stripsRight", token.strips_right);
        array.Set((uint32_t) i, object);
    }
    return array;
}

Napi::Object info_object(Napi::Env env, const ModelInfo & info) {
    Napi::Object object = Napi::Object::New(env);
    object.Set("architecture", info.architecture);
    object.Set("description", info.description);
    object.Set("parameters", (double) info.n_params);
    object.Set("sizeBytes", (double) info.n_bytes);
    object.Set("vocabularySize", info.n_vocab);
    object.Set("trainedContext", info.n_ctx_train);
    object.Set("embeddingLength", info.n_embd);
    object.Set("layers", info.n_layer);
    object.Set("cacheBytesPerToken", (double) info.kv_bytes_per_token);
    object.Set("chatTemplate",
               info.has_chat_template ? Napi::Value(Napi::String::New(env, info.chat_template)) : env.Null());
    object.Set("bos", info.bos);
    object.Set("eos", info.eos);
    object.Set("eot", info.eot);
    object.Set("addBos", info.add_bos);
    object.Set("bosText", info.bos_text);
    object.Set("eosText", info.eos_text);
    object.Set("specialTokens", special_tokens(env, info));
    Napi::Array end_tokens = Napi::Array::New(env, info.end_tokens.size());
    for (size_t i = 0; i < info.end_tokens.size(); i++) end_tokens.Set((uint32_t) i, info.end_tokens[i]);
    object.Set("endTokens", end_tokens);
    return object;
}

class ModelObject : public Napi::ObjectWrap<ModelObject> {
public:
    static Napi::Function define(Napi::Env env) {
        return DefineClass(
            env, "NativeModel",
            {InstanceMethod<&ModelObject::tokenize>("tokenize"), InstanceMethod<&ModelObject::detokenize>("detokenize"),
             InstanceMethod<&ModelObject::load_adapter>("loadAdapter"),
             InstanceMethod<&ModelObject::create_runner>("createRunner"),
             InstanceMethod<&ModelObject::dispose>("dispose")});
    }

    explicit ModelObject(const Napi::CallbackInfo & info) : Napi::ObjectWrap<ModelObject>(info) {
        handle_ = Handle<Model>::given(info, "models are made by loadModel");
        info.This().As<Napi::Object>().Set("info", info_object(info.Env(), handle_->native->info()));
    }

private:
    Napi::Value tokenize(const Napi::CallbackInfo & info) {
        return guarded(info.Env(), [&]() -> Napi::Value {
            handle_->lifetime->check_usable();
            const Napi::Array texts = info[0].As<Napi::Array>();
            const bool special = info[1].ToBoolean();
            Napi::Array result = Napi::Array::New(info.Env(), texts.Length());
            for (uint32_t i = 0; i < texts.Length(); i++) {
                const std::string text = texts.Get(i).As<Napi::String>();
                result.Set(i, int32_array(info.Env(), handle_->native->tokenize(text, special)));
            }
            return result;
        });
    }

    Napi::Value detokenize(const Napi::CallbackInfo & info) {
        return guarded(info.Env(), [&]() -> Napi::Value {
            handle_->lifetime->check_usable();
            const std::vector<int32_t> tokens = tokens_of(info[0]);
            handle_->native->check_tokens(tokens, "detokenize");
            return Napi::String::New(info.Env(), handle_->native->detokenize(tokens));
        });
    }

    Napi::Value load_adapter(const Napi::CallbackInfo & info) {
        return guarded(info.Env(), [&] {
            const std::string path = info[0].As<Napi::String>();
            return start_child<std::shared_ptr<Adapter>>(
                info, [model = handle_->native, path] { return Adapter::load(model, path); }, create_adapter_object);
        });
    }

    Napi::Value create_runner(const Napi::CallbackInfo & info) {
        return guarded(info.Env(), [&] {
            const Napi::Object given = info[0].As<Napi::Object>();
            const Napi::Value shares = given.Get("sharePrefixes");
            const RunnerOptions options = {
                count_of(given, "sequences"),       count_of(given, "sequenceTokens"),
                count_of(given, "batchTokens"),     count_of(given, "microBatchTokens"),
                count_of(given, "threads"),         shares.IsUndefined() || shares.ToBoolean(),
                given.Get("embeddings").ToBoolean()};
            return start_child<std::shared_ptr<BatchRunner>>(
                info, [model = handle_->native, options] { return std::make_shared<BatchRunner>(model, options); },
                create_runner_object);
        });
    }

    // Makes a child on a thread of the pool, and its JavaScript object once it is there. A model that is disposed in
    // the meantime lets the child go again.
    template <typename Child>
    Napi::Value start_child(const Napi::CallbackInfo & info, typename Worker<Child>::Work work,
                            Napi::Object (*create)(Napi::Env, Lifetime &, Child)) {
        const std::shared_ptr<Handle<Model>> handle = handle_;
        handle->lifetime->check_usable();
        handle->lifetime->begin_job();
        const auto to_js = [handle, create](Napi::Env env, Child & child) -> Napi::Value {
            handle->lifetime->check_usable();
            return create(env, *handle->lifetime, std::move(child));
        };
        return Worker<Child>::start(info.Env(), info.This().As<Napi::Object>(), std::move(work), to_js,
                                    [handle] { handle->lifetime->end_job(); });
    }

    Napi::Value dispose(const Napi::CallbackInfo & info) { return handle_->dispose(info.Env()); }

    std::shared_ptr<Handle<Model>> handle_;
};

Napi::Value create_model_object(Napi::Env env, std::shared_ptr<Model> & model) {
    return object_of<ModelObject>(env, Handle<Model>::own("model", std::move(model)));
}

Napi::Value load_model(const Napi::CallbackInfo & info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
        const Napi::Object options = info[0].As<Napi::Object>();
        const std::string path = string_of(options, "path");
        const std::string device = string_of(options, "device");
        const bool vocabulary_only = options.Get("vocabularyOnly").ToBoolean();
        const Napi::Value packed = options.Get("packedBytes");
        const uint64_t packed_bytes = packed.IsNumber() ? (uint64_t) packed.As<Napi::Number>().Int64Value() : 0;
        return Worker<std::shared_ptr<Model>>::start(
            info.Env(), Napi::Object(), [=] { return Model::load(path, device, vocabulary_only, packed_bytes); },
            create_model_object);
    });
}

void check_grammar(const Napi::CallbackInfo & info) {
    guarded(info.Env(), [&] { GrammarFilter::check(info[0].As<Napi::String>()); });
}

}  // namespace

void export_inference(Napi::Env env, Napi::Object exports) {
    exports.Set("checkGrammar", Napi::Function::New(env, check_grammar, "checkGrammar"));
    exports.Set("loadModel", Napi::Function::New(env, load_model, "loadModel"));
}

}  // namespace isheep
