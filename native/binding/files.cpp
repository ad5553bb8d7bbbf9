// Work on GGUF files that no object outlives: requantize, merge.
#include "adapter/merge.h"
#include "adapter/requantize.h"
#include "binding/arguments.h"
#include "binding/call-progress.h"
#include "binding/exports.h"
#include "binding/js-error.h"
#include "binding/worker.h"

namespace isheep {
namespace {

struct Nothing {};

Napi::Value requantize_model(const Napi::CallbackInfo & info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
        const Napi::Object options = info[0].As<Napi::Object>();
        RequantizeSettings settings;
        settings.input_path = string_of(options, "input");
        settings.output_path = string_of(options, "output");
        settings.type = string_of(options, "type");
        settings.pure = options.Get("pure").As<Napi::Boolean>();
        settings.threads = (int) count_of(options, "threads");
        return Worker<Nothing>::start(
            info.Env(), {},
            [settings = std::move(settings)] {
                requantize(settings);
                return Nothing();
            },
            [](Napi::Env env, Nothing &) { return env.Undefined(); });
    });
}

MergeSettings merge_settings(const Napi::Object & options) {
    MergeSettings settings;
    settings.base_path = string_of(options, "base");
    settings.base_sha256 = string_of(options, "baseSha256");
    settings.output_path = string_of(options, "output");
    settings.type = string_of(options, "type");
    settings.chat_template = string_of(options, "chatTemplate");
    settings.threads = (int) count_of(options, "threads");
    const Napi::Array adapters = options.Get("adapters").As<Napi::Array>();
    for (uint32_t i = 0; i < adapters.Length(); i++) {
        const Napi::Object adapter = adapters.Get(i).As<Napi::Object>();
        settings.adapters.push_back(
            {string_of(adapter, "path"), (float) number_of(adapter, "scale"), string_of(adapter, "sha256")});
    }
    return settings;
}

Napi::Value merge_report(Napi::Env env, MergeReport & report) {
    Napi::Object object = Napi::Object::New(env);
    object.Set("tensors", (double) report.n_tensors);
    object.Set("merged", (double) report.n_merged);
    object.Set("fellBack", (double) report.n_fallback);
    object.Set("bytes", (double) report.n_bytes);
    object.Set("survived", report.sums.survived());
    object.Set("noise", report.sums.noise());
    object.Set("worstTensor", report.worst_tensor);
    object.Set("worstSurvived", report.worst_survived);
    return object;
}

struct TensorsDone {
    size_t done, total;
};

Napi::Value tensors_done(Napi::Env env, const TensorsDone & tensors) {
    Napi::Object object = Napi::Object::New(env);
    object.Set("done", (double) tensors.done);
    object.Set("total", (double) tensors.total);
    return object;
}

// Arguments: settings, and a function that gets the numbers of tensors done and of all -> {report, cancel}.
Napi::Value merge_model(const Napi::CallbackInfo & info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
        const auto cancelled = std::make_shared<std::atomic<bool>>(false);
        const auto cancel = [cancelled] { *cancelled = true; };
        auto progress =
            CallProgress<TensorsDone>::create(info.Env(), info[1].As<Napi::Function>(), tensors_done, cancel);
        const auto work = [settings = merge_settings(info[0].As<Napi::Object>()), progress, cancelled] {
            size_t told = 0;
            const auto tell = [&](size_t done, size_t total) {
                if (done > told) progress->tell({done, total});
                else progress->beat();
                told = done;
            };
            return merge_adapters(settings, tell, *cancelled);
        };
        Napi::Object call = Napi::Object::New(info.Env());
        call.Set("report",
                 Worker<MergeReport>::start(info.Env(), {}, work, merge_report, [progress] { progress->finish(); }));
        call.Set("cancel", Napi::Function::New(info.Env(), [cancel](const Napi::CallbackInfo &) { cancel(); }));
        return call;
    });
}

Napi::Value merged_size(const Napi::CallbackInfo & info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
        const std::string base = info[0].As<Napi::String>(), type = info[1].As<Napi::String>();
        return Napi::Number::New(info.Env(), (double) merged_bytes(base, type));
    });
}

Napi::Value adapter_metadata(const Napi::CallbackInfo & info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
        Napi::Object object = Napi::Object::New(info.Env());
        for (const auto & [key, value] : read_lora(info[0].As<Napi::String>()).metadata) object.Set(key, value);
        return object;
    });
}

}  // namespace

void export_files(Napi::Env env, Napi::Object exports) {
    exports.Set("mergeAdapters", Napi::Function::New(env, merge_model, "mergeAdapters"));
    exports.Set("mergedBytes", Napi::Function::New(env, merged_size, "mergedBytes"));
    exports.Set("adapterMetadata", Napi::Function::New(env, adapter_metadata, "adapterMetadata"));
    exports.Set("requantize", Napi::Function::New(env, requantize_model, "requantize"));
}

}  // namespace isheep
