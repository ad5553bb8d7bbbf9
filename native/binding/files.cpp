// Work on GGUF files that no object outlives: requantize.
#include "adapter/requantize.h"
#include "binding/arguments.h"
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

}  // namespace

void export_files(Napi::Env env, Napi::Object exports) {
    exports.Set("requantize", Napi::Function::New(env, requantize_model, "requantize"));
}

}  // namespace isheep
