#include "inference/gguf-check.h"

#include "common/log-capture.h"
#include "common/status.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <vector>

namespace isheep {
namespace {

namespace fs = std::filesystem;

void check_readable(const fs::path & file, const std::string & path, const std::string & what) {
    std::error_code error;
    if (!fs::exists(file, error)) {
        throw Error(Code::model_not_found, "no such " + what + " file: " + path, "check the path");
    }
    if (!fs::is_regular_file(file, error)) {
        throw Error(Code::model_not_found, "the " + what + " is not a file: " + path, "give the path of a GGUF file");
    }
    char magic[4] = {};
    std::ifstream stream(file, std::ios::binary);
    if (!stream) throw Error(Code::model_not_found, "no permission to read the " + what + " file: " + path);
    stream.read(magic, sizeof(magic));
    if (stream.gcount() != sizeof(magic) || std::memcmp(magic, "GGUF", sizeof(magic)) != 0) {
        throw Error(Code::bad_input, "not a GGUF file: " + path,
                    "the " + what + " must be a GGUF file; other formats can be converted with llama.cpp");
    }
}

// One past the last byte of tensor data that the header promises.
uint64_t promised_size(const gguf_context * gguf) {
    uint64_t end = gguf_get_data_offset(gguf);
    for (int64_t i = 0; i < gguf_get_n_tensors(gguf); i++) {
        const uint64_t offset = (uint64_t) gguf_get_data_offset(gguf) + gguf_get_tensor_offset(gguf, i);
        end = std::max(end, offset + gguf_get_tensor_size(gguf, i));
    }
    return end;
}

// llama.cpp takes no more layers or experts than that (LLAMA_MAX_LAYERS, LLAMA_MAX_EXPERTS).
constexpr uint64_t most_layers = 512, most_experts = 512;

}  // namespace

Gguf open_checked_gguf(const std::string & path, const std::string & what) {
    const fs::path file = fs::u8path(path);
    check_readable(file, path, what);
    take_logged_errors();
    Gguf gguf(gguf_init_from_file(path.c_str(), {/*no_alloc*/ true, /*ctx*/ nullptr}));
    if (!gguf) {
        throw Error(Code::bad_input, "the header of " + path + " is broken or cut off: " + take_logged_errors(),
                    "get the file again");
    }
    const uint64_t promised = promised_size(gguf.get());
    const uint64_t found = fs::file_size(file);
    if (found < promised) {
        throw Error(Code::bad_input,
                    path + " is cut off: it has " + std::to_string(found) + " bytes and its header promises " +
                        std::to_string(promised),
                    "get the file again");
    }
    return gguf;
}

// What load_hparams of llama-model.cpp asserts, which ends the process. A key that it lacks, or that has another type,
// it refuses by itself.
void check_counts(const gguf_context * gguf, const std::string & path) {
    const std::string architecture = string_key(gguf, "general.architecture");
    const auto check = [&](const std::string & name, uint64_t fewest, uint64_t most) {
        const std::string key = architecture + "." + name;
        const uint64_t value = integer_key(gguf, key);
        if (gguf_find_key(gguf, key.c_str()) < 0 || (value >= fewest && value <= most)) return;
        throw Error(Code::unsupported_model,
                    path + " has " + std::to_string(value) + " as " + key + ", which must be from " +
                        std::to_string(fewest) + " to " + std::to_string(most),
                    "the file may be damaged: get it again");
    };
    check("block_count", 1, most_layers);
    check("nextn_predict_layers", 0, integer_key(gguf, architecture + ".block_count"));
    check("expert_count", 0, most_experts);
    check("expert_used_count", 0, integer_key(gguf, architecture + ".expert_count"));
    const std::string scaling = string_key(gguf, (architecture + ".rope.scaling.type").c_str());
    const std::vector<std::string> known = {"", "none", "linear", "yarn", "longrope"};
    if (std::find(known.begin(), known.end(), scaling) != known.end()) return;
    throw Error(Code::unsupported_model,
                path + " scales its positions by \"" + scaling + "\", which llama.cpp does not know",
                "it knows none, linear, yarn and longrope");
}

uint64_t integer_key(const gguf_context * gguf, const std::string & key) {
    const int64_t id = gguf_find_key(gguf, key.c_str());
    if (id < 0) return 0;
    switch (gguf_get_kv_type(gguf, id)) {
        case GGUF_TYPE_UINT32: return gguf_get_val_u32(gguf, id);
        case GGUF_TYPE_INT32:  return (uint64_t) std::max(0, gguf_get_val_i32(gguf, id));
        case GGUF_TYPE_UINT64: return gguf_get_val_u64(gguf, id);
        default:               return 0;
    }
}

std::string string_key(const gguf_context * gguf, const char * key) {
    const int64_t id = gguf_find_key(gguf, key);
    if (id < 0 || gguf_get_kv_type(gguf, id) != GGUF_TYPE_STRING) return "";
    return gguf_get_val_str(gguf, id);
}

}  // namespace isheep
