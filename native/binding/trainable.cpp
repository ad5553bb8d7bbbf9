// Whether a model can be trained, from its header alone: checkTrainable.
#include "binding/exports.h"
#include "binding/js-error.h"
#include "common/gguf-file.h"
#include "training/architecture.h"

namespace isheep {
namespace {

// Throws what read_architecture throws; loads no weights.
void check_trainable(const Napi::CallbackInfo & info) {
    const std::string path = info[0].As<Napi::String>();
    guarded(info.Env(), [&] { read_architecture(GgufFile(path)); });
}

}  // namespace

void export_trainable(Napi::Env env, Napi::Object exports) {
    exports.Set("checkTrainable", Napi::Function::New(env, check_trainable, "checkTrainable"));
}

}  // namespace isheep
