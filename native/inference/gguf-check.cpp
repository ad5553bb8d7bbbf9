#include "inference/gguf-check.h"

#include "common/log-capture.h"
#include "common/status.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>

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

std::string string_key(const gguf_context * gguf, const char * key) {
    const int64_t id = gguf_find_key(gguf, key);
    if (id < 0 || gguf_get_kv_type(gguf, id) != GGUF_TYPE_STRING) return "";
    return gguf_get_val_str(gguf, id);
}

}  // namespace isheep
