// Backends and devices, as JavaScript sees them: loadBackends, tryProducts, tryGpuProducts, systemInfo.
#include "binding/exports.h"
#include "binding/js-error.h"
#include "common/backends.h"
#include "common/micro-kernel.h"
#include "llama.h"

namespace isheep {
namespace {

std::vector<std::string> strings(const Napi::Value & value) {
    std::vector<std::string> result;
    if (!value.IsArray()) return result;
    const Napi::Array array = value.As<Napi::Array>();
    for (uint32_t i = 0; i < array.Length(); i++) result.push_back(array.Get(i).As<Napi::String>());
    return result;
}

Napi::Value load(const Napi::CallbackInfo & info) {
    Napi::Env env = info.Env();
    return guarded(env, [&]() -> Napi::Value {
        const Napi::Object options = info[0].As<Napi::Object>();
        const Napi::Value library = options.Get("cpuLibrary");
        const std::vector<std::string> failures = load_backends(
            options.Get("directory").As<Napi::String>(),
            library.IsString() ? library.As<Napi::String>().Utf8Value() : "", strings(options.Get("otherLibraries")));
        Napi::Array result = Napi::Array::New(env);
        for (const std::string & failure : failures) result.Set(result.Length(), failure);
        return result;
    });
}

void try_all_products(const Napi::CallbackInfo & info) {
    guarded(info.Env(), [] { try_products(); });
}

void try_all_gpu_products(const Napi::CallbackInfo & info) {
    guarded(info.Env(), [] { try_gpu_products(); });
}

Napi::Object device_info(Napi::Env env, ggml_backend_dev_t device) {
    size_t free = 0, total = 0;
    ggml_backend_dev_memory(device, &free, &total);
    Napi::Object object = Napi::Object::New(env);
    object.Set("name", ggml_backend_dev_name(device));
    object.Set("description", ggml_backend_dev_description(device));
    object.Set("backend", ggml_backend_reg_name(ggml_backend_dev_backend_reg(device)));
    object.Set("isGpu", is_gpu(device));
    object.Set("freeBytes", (double) free);
    object.Set("totalBytes", (double) total);
    return object;
}

Napi::Value system_info(const Napi::CallbackInfo & info) {
    Napi::Env env = info.Env();
    return guarded(env, [&]() -> Napi::Value {
        Napi::Array devices = Napi::Array::New(env);
        for (size_t i = 0; i < ggml_backend_dev_count(); i++) devices.Set(i, device_info(env, ggml_backend_dev_get(i)));
        Napi::Object result = Napi::Object::New(env);
        result.Set("llamaVersion", llama_version());
        result.Set("features", llama_print_system_info());
        result.Set("microKernel", micro_kernel_name());
        result.Set("devices", devices);
        return result;
    });
}

}  // namespace

void export_system(Napi::Env env, Napi::Object exports) {
    exports.Set("loadBackends", Napi::Function::New(env, load, "loadBackends"));
    exports.Set("tryProducts", Napi::Function::New(env, try_all_products, "tryProducts"));
    exports.Set("tryGpuProducts", Napi::Function::New(env, try_all_gpu_products, "tryGpuProducts"));
    exports.Set("systemInfo", Napi::Function::New(env, system_info, "systemInfo"));
}

}  // namespace isheep
