#include "common/backends.h"

#include "common/handles.h"
#include "common/log-capture.h"
#include "common/status.h"
#include "llama.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <set>

namespace isheep {
namespace {

std::once_flag loaded;

// ggml would choose among the CPU libraries by what the processor claims; here the choice is already made.
void load_cpu(const std::string & library) {
    if (ggml_backend_load(library.c_str())) return;
    const std::string why = take_logged_errors();
    throw Error(Code::native_failure,
                "could not load the CPU library " + library + ": " + (why.empty() ? "not for this processor" : why));
}

std::vector<std::string> load_others(const std::vector<std::string> & libraries) {
    std::set<std::filesystem::path> names;
    std::vector<std::string> failures;
    for (const std::string & library : libraries) {
        const auto name = std::filesystem::u8path(library).filename();
        if (names.count(name)) continue;
        if (ggml_backend_load(library.c_str())) {
            names.insert(name);
            continue;
        }
        const std::string why = take_logged_errors();
        failures.push_back(why.empty() ? name.u8string() + " is not for this system" : why);
    }
    return failures;
}

std::vector<std::string> load_once(const std::string & directory, const std::string & cpu_library,
                                   const std::vector<std::string> & other_libraries) {
    capture_logs();
    std::vector<std::string> failures = load_others(other_libraries);
    if (cpu_library.empty()) ggml_backend_load_all_from_path(directory.c_str());
    else load_cpu(cpu_library);
    if (!ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU)) {
        throw Error(Code::native_failure,
                    "no CPU library could be loaded from " + directory + ": " + take_logged_errors());
    }
    llama_backend_init();
    return failures;
}

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
    return text;
}

}  // namespace

bool is_gpu(ggml_backend_dev_t device) {
    const enum ggml_backend_dev_type type = ggml_backend_dev_type(device);
    return type == GGML_BACKEND_DEVICE_TYPE_GPU || type == GGML_BACKEND_DEVICE_TYPE_IGPU;
}

bool has_feature(ggml_backend_dev_t device, const char * name) {
    const auto features = (ggml_backend_get_features_t) ggml_backend_reg_get_proc_address(
        ggml_backend_dev_backend_reg(device), "ggml_backend_get_features");
    for (const ggml_backend_feature * feature = features ? features(ggml_backend_dev_backend_reg(device)) : nullptr;
         feature && feature->name; feature++) {
        if (!std::strcmp(feature->name, name)) return true;
    }
    return false;
}

std::vector<std::string> load_backends(const std::string & directory, const std::string & cpu_library,
                                       const std::vector<std::string> & other_libraries) {
    std::vector<std::string> failures;
    std::call_once(loaded, [&] { failures = load_once(directory, cpu_library, other_libraries); });
    return failures;
}

ggml_backend_dev_t device_by_name(const std::string & name) {
    if (name == "auto") {
        ggml_backend_dev_t gpu = ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_GPU);
        return gpu ? gpu : ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU);
    }
    std::string known;
    for (size_t i = 0; i < ggml_backend_dev_count(); i++) {
        ggml_backend_dev_t device = ggml_backend_dev_get(i);
        const std::string backend = lower(ggml_backend_reg_name(ggml_backend_dev_backend_reg(device)));
        if (backend == name) return device;
        known += (known.empty() ? "" : ", ") + backend;
    }
    throw Error(Code::bad_config, "device \"" + name + "\" is not available here", "available: auto, " + known);
}

ggml_backend_t create_backend(ggml_backend_dev_t device, int n_threads) {
    ggml_backend_t backend = ggml_backend_dev_init(device, nullptr);
    if (!backend) {
        throw Error(Code::native_failure, std::string("could not start device ") + ggml_backend_dev_name(device) +
                                              ": " + take_logged_errors());
    }
    auto set_n_threads = (ggml_backend_set_n_threads_t) ggml_backend_reg_get_proc_address(
        ggml_backend_dev_backend_reg(device), "ggml_backend_set_n_threads");
    if (set_n_threads) set_n_threads(backend, n_threads);
    return backend;
}

namespace {

// Every weight and every input is 1, so every output is n_in; the types round by less than one in a hundred.
void try_product(ggml_backend_t backend, ggml_type type) {
    constexpr int64_t n_in = 256, n_out = 64, n_rows = 32;
    Context context(ggml_init({ggml_tensor_overhead() * 8 + ggml_graph_overhead(), nullptr, true}));
    ggml_tensor * weights = ggml_new_tensor_2d(context.get(), type, n_in, n_out);
    ggml_tensor * input = ggml_new_tensor_2d(context.get(), GGML_TYPE_F32, n_in, n_rows);
    ggml_tensor * output = ggml_mul_mat(context.get(), weights, input);
    ggml_cgraph * graph = ggml_new_graph(context.get());
    ggml_build_forward_expand(graph, output);
    Buffer buffer(ggml_backend_alloc_ctx_tensors(context.get(), backend));

    const std::vector<float> ones((size_t) n_in * std::max(n_out, n_rows), 1.0f);
    std::vector<uint8_t> packed(ggml_nbytes(weights));
    if (type == GGML_TYPE_F32) std::memcpy(packed.data(), ones.data(), packed.size());
    else ggml_quantize_chunk(type, ones.data(), packed.data(), 0, n_out, n_in, nullptr);
    ggml_backend_tensor_set(weights, packed.data(), 0, packed.size());
    ggml_backend_tensor_set(input, ones.data(), 0, ggml_nbytes(input));
    const std::string product = std::string("a product of type ") + ggml_type_name(type);
    if (ggml_backend_graph_compute(backend, graph) != GGML_STATUS_SUCCESS) {
        throw Error(Code::native_failure, product + " failed");
    }
    std::vector<float> values(ggml_nelements(output));
    ggml_backend_tensor_get(output, values.data(), 0, ggml_nbytes(output));
    const auto wrong = [](float value) { return !(std::fabs(value - n_in) < 0.01f * n_in); };
    if (std::any_of(values.begin(), values.end(), wrong))
        throw Error(Code::native_failure, product + " came out wrong");
}

}  // namespace

void try_products() {
    const ggml_type types[] = {GGML_TYPE_F32,  GGML_TYPE_F16,  GGML_TYPE_BF16,
                               GGML_TYPE_Q8_0, GGML_TYPE_Q4_0, GGML_TYPE_Q4_K};
    Backend backend(create_backend(device_by_name("cpu"), 1));
    for (ggml_type type : types) try_product(backend.get(), type);
}

void try_gpu_products() {
    for (size_t i = 0; i < ggml_backend_dev_count(); i++) {
        ggml_backend_dev_t device = ggml_backend_dev_get(i);
        if (!is_gpu(device)) continue;
        Backend backend(create_backend(device, 1));
        // Few types: a driver may compile what each of them needs, for seconds.
        for (ggml_type type : {GGML_TYPE_F32, GGML_TYPE_F16, GGML_TYPE_Q8_0}) try_product(backend.get(), type);
    }
}

}  // namespace isheep
