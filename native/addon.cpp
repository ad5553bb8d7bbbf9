// The export list of the addon. src/native/addon-types.ts describes the same surface in TypeScript.
#include "binding/exports.h"

#include <napi.h>

namespace {

Napi::Object export_all(Napi::Env env, Napi::Object exports) {
    isheep::export_system(env, exports);
    isheep::export_trainer(env, exports);
    isheep::export_inference(env, exports);
    isheep::export_k_means(env, exports);
    isheep::export_full_trainer(env, exports);
    isheep::export_files(env, exports);
    return exports;
}

}  // namespace

NODE_API_MODULE(isheep, export_all)
