#include "adapter/requantize.h"

#include "adapter/output-path.h"
#include "common/gguf-file.h"
#include "common/log-capture.h"
#include "common/status.h"
#include "llama.h"

#include <filesystem>
#include <utility>
#include <vector>

namespace isheep {
namespace {

namespace fs = std::filesystem;

// Those that need no importance matrix, which this does not make.
const std::vector<std::pair<const char *, ModelType>> types = {
    {"f32", {LLAMA_FTYPE_ALL_F32, GGML_TYPE_F32}},
    {"f16", {LLAMA_FTYPE_MOSTLY_F16, GGML_TYPE_F16}},
    {"bf16", {LLAMA_FTYPE_MOSTLY_BF16, GGML_TYPE_BF16}},
    {"q8_0", {LLAMA_FTYPE_MOSTLY_Q8_0, GGML_TYPE_Q8_0}},
    {"q4_0", {LLAMA_FTYPE_MOSTLY_Q4_0, GGML_TYPE_Q4_0}},
    {"q4_1", {LLAMA_FTYPE_MOSTLY_Q4_1, GGML_TYPE_Q4_1}},
    {"q5_0", {LLAMA_FTYPE_MOSTLY_Q5_0, GGML_TYPE_Q5_0}},
    {"q5_1", {LLAMA_FTYPE_MOSTLY_Q5_1, GGML_TYPE_Q5_1}},
    {"q2_k", {LLAMA_FTYPE_MOSTLY_Q2_K, GGML_TYPE_Q2_K}},
    {"q3_k_s", {LLAMA_FTYPE_MOSTLY_Q3_K_S, GGML_TYPE_Q3_K}},
    {"q3_k_m", {LLAMA_FTYPE_MOSTLY_Q3_K_M, GGML_TYPE_Q3_K}},
    {"q3_k_l", {LLAMA_FTYPE_MOSTLY_Q3_K_L, GGML_TYPE_Q3_K}},
    {"q4_k_s", {LLAMA_FTYPE_MOSTLY_Q4_K_S, GGML_TYPE_Q4_K}},
    {"q4_k_m", {LLAMA_FTYPE_MOSTLY_Q4_K_M, GGML_TYPE_Q4_K}},
    {"q5_k_s", {LLAMA_FTYPE_MOSTLY_Q5_K_S, GGML_TYPE_Q5_K}},
    {"q5_k_m", {LLAMA_FTYPE_MOSTLY_Q5_K_M, GGML_TYPE_Q5_K}},
    {"q6_k", {LLAMA_FTYPE_MOSTLY_Q6_K, GGML_TYPE_Q6_K}},
    {"iq4_nl", {LLAMA_FTYPE_MOSTLY_IQ4_NL, GGML_TYPE_IQ4_NL}},
    {"iq4_xs", {LLAMA_FTYPE_MOSTLY_IQ4_XS, GGML_TYPE_IQ4_XS}},
    {"iq3_s", {LLAMA_FTYPE_MOSTLY_IQ3_S, GGML_TYPE_IQ3_S}},
    {"iq3_m", {LLAMA_FTYPE_MOSTLY_IQ3_M, GGML_TYPE_IQ3_S}},
    {"tq1_0", {LLAMA_FTYPE_MOSTLY_TQ1_0, GGML_TYPE_TQ1_0}},
    {"tq2_0", {LLAMA_FTYPE_MOSTLY_TQ2_0, GGML_TYPE_TQ2_0}},
};

void check(const RequantizeSettings & settings) {
    const GgufFile file(settings.input_path);
    if (file.text("general.type", "") == "adapter") {
        throw Error(Code::unsupported_model, settings.input_path + " is an adapter, not a model", "give the base");
    }
    check_output_path(settings.input_path, settings.output_path);
}

// The part of a file that was written is removed; what was left of the disk decides what the failure is called.
[[noreturn]] void give_up(const std::string & path, const fs::path & temporary, const std::string & why) {
    constexpr uint64_t nothing_left = 1 << 20;  // less than a megabyte: the write that failed found no room
    const bool full = free_disk_bytes(path) < nothing_left;
    std::error_code ignored;
    fs::remove(temporary, ignored);
    throw Error(full ? Code::not_enough_disk : Code::native_failure, "could not write " + path + ": " + why,
                full ? "free some space" : "");
}

}  // namespace

ModelType model_type(const std::string & name) {
    std::string known;
    for (const auto & [type, numbers] : types) {
        if (name == type) return numbers;
        known += (known.empty() ? "" : ", ") + std::string(type);
    }
    throw Error(Code::bad_config, "\"" + name + "\" is not a type that a model can be written in", "known: " + known);
}

void requantize(const RequantizeSettings & settings) {
    llama_model_quantize_params params = llama_model_quantize_default_params();
    params.ftype = model_type(settings.type).ftype;
    params.allow_requantize = true;
    params.pure = settings.pure;
    params.nthread = settings.threads;
    check(settings);
    const std::string temporary = settings.output_path + ".tmp";
    take_logged_errors();
    if (llama_model_quantize(settings.input_path.c_str(), temporary.c_str(), &params) != 0) {
        const std::string logged = take_logged_errors();
        give_up(settings.output_path, fs::u8path(temporary), logged.empty() ? "llama.cpp gave no reason" : logged);
    }
    rename_synced(temporary, settings.output_path);
}

}  // namespace isheep
