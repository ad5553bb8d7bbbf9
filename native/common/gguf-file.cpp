#include "common/gguf-file.h"

#include "common/log-capture.h"
#include "common/status.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#ifdef _WIN32
#include <io.h>
#else
#include <fcntl.h>
#include <unistd.h>
#endif

namespace isheep {
namespace {

namespace fs = std::filesystem;

struct CloseFile {
    void operator()(FILE * file) const { std::fclose(file); }
};
using File = std::unique_ptr<FILE, CloseFile>;

File open_file(const std::string & path, const char * mode) {
    return File(ggml_fopen(path.c_str(), mode));
}

bool seek(FILE * file, size_t offset) {
#ifdef _WIN32
    return _fseeki64(file, (long long) offset, SEEK_SET) == 0;
#else
    return fseeko(file, (off_t) offset, SEEK_SET) == 0;
#endif
}

bool sync(FILE * file) {
#ifdef _WIN32
    return _commit(_fileno(file)) == 0;
#else
    return fsync(fileno(file)) == 0;
#endif
}

// So that the new name itself survives a loss of power. Windows has no such call and needs none.
void sync_folder(const fs::path & folder) {
#ifdef _WIN32
    (void) folder;
#else
    const int descriptor = open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return;
    fsync(descriptor);
    close(descriptor);
#endif
}

bool is_integer(gguf_type type) {
    switch (type) {
        case GGUF_TYPE_UINT8:
        case GGUF_TYPE_INT8:
        case GGUF_TYPE_UINT16:
        case GGUF_TYPE_INT16:
        case GGUF_TYPE_UINT32:
        case GGUF_TYPE_INT32:
        case GGUF_TYPE_UINT64:
        case GGUF_TYPE_INT64:  return true;
        default:               return false;
    }
}
bool is_floating(gguf_type type) {
    return type == GGUF_TYPE_FLOAT32 || type == GGUF_TYPE_FLOAT64;
}
bool is_text(gguf_type type) {
    return type == GGUF_TYPE_STRING;
}
bool is_flag(gguf_type type) {
    return type == GGUF_TYPE_BOOL;
}

}  // namespace

GgufFile::GgufFile(const std::string & path) : path_(path) {
    std::error_code failure;
    const uintmax_t size = fs::file_size(fs::u8path(path), failure);
    if (failure) throw Error(Code::model_not_found, "could not read " + path + ": " + failure.message());
    take_logged_errors();
    ggml_context * context = nullptr;
    gguf_.reset(gguf_init_from_file(path.c_str(), {true, &context}));
    context_.reset(context);
    if (!gguf_) throw Error(Code::bad_input, path + " is not a usable GGUF file: " + take_logged_errors());
    for (ggml_tensor * t = ggml_get_first_tensor(context); t; t = ggml_get_next_tensor(context, t)) {
        if (data_offset(t) + ggml_nbytes(t) > size) {
            throw Error(Code::bad_input,
                        path + " is cut short: it has " + std::to_string(size) + " bytes, and tensor " + t->name +
                            " ends at byte " + std::to_string(data_offset(t) + ggml_nbytes(t)),
                        "fetch or copy the file again");
        }
        tensors_.push_back(t);
    }
}

bool GgufFile::has(const std::string & key) const {
    return gguf_find_key(gguf_.get(), key.c_str()) >= 0;
}

int64_t GgufFile::find_key(const std::string & key, const char * expected, bool (*accepts)(gguf_type)) const {
    const int64_t id = gguf_find_key(gguf_.get(), key.c_str());
    if (id < 0) throw Error(Code::bad_input, path_ + " has no metadata key " + key);
    const gguf_type type = gguf_get_kv_type(gguf_.get(), id);
    if (!accepts(type)) {
        throw Error(Code::bad_input, path_ + ": metadata key " + key + " must be " + expected + "; it is of type " +
                                         gguf_type_name(type));
    }
    return id;
}

std::string GgufFile::text(const std::string & key) const {
    return gguf_get_val_str(gguf_.get(), find_key(key, "a text", is_text));
}
std::string GgufFile::text(const std::string & key, const std::string & fallback) const {
    return has(key) ? text(key) : fallback;
}

int64_t GgufFile::integer(const std::string & key) const {
    const int64_t id = find_key(key, "a whole number", is_integer);
    const gguf_context * gguf = gguf_.get();
    switch (gguf_get_kv_type(gguf, id)) {
        case GGUF_TYPE_UINT8:  return gguf_get_val_u8(gguf, id);
        case GGUF_TYPE_INT8:   return gguf_get_val_i8(gguf, id);
        case GGUF_TYPE_UINT16: return gguf_get_val_u16(gguf, id);
        case GGUF_TYPE_INT16:  return gguf_get_val_i16(gguf, id);
        case GGUF_TYPE_UINT32: return gguf_get_val_u32(gguf, id);
        case GGUF_TYPE_INT32:  return gguf_get_val_i32(gguf, id);
        case GGUF_TYPE_UINT64: return (int64_t) gguf_get_val_u64(gguf, id);
        default:               return gguf_get_val_i64(gguf, id);
    }
}
int64_t GgufFile::integer(const std::string & key, int64_t fallback) const {
    return has(key) ? integer(key) : fallback;
}

double GgufFile::number(const std::string & key) const {
    const int64_t id = find_key(key, "a floating-point number", is_floating);
    if (gguf_get_kv_type(gguf_.get(), id) == GGUF_TYPE_FLOAT32) return gguf_get_val_f32(gguf_.get(), id);
    return gguf_get_val_f64(gguf_.get(), id);
}
double GgufFile::number(const std::string & key, double fallback) const {
    return has(key) ? number(key) : fallback;
}

ggml_tensor * GgufFile::find(const std::string & name) const {
    return ggml_get_tensor(context_.get(), name.c_str());
}

bool GgufFile::flag(const std::string & key, bool fallback) const {
    return has(key) ? gguf_get_val_bool(gguf_.get(), find_key(key, "true or false", is_flag)) : fallback;
}

size_t GgufFile::data_offset(const ggml_tensor * tensor) const {
    const int64_t id = gguf_find_tensor(gguf_.get(), tensor->name);
    return header_size() + gguf_get_tensor_offset(gguf_.get(), id);
}

std::vector<float> GgufFile::read_floats(const ggml_tensor * tensor) const {
    const ggml_to_float_t to_float = ggml_get_type_traits(tensor->type)->to_float;
    if (tensor->type != GGML_TYPE_F32 && !to_float) {
        throw Error(Code::bad_input, path_ + ": tensor " + tensor->name + " of type " + ggml_type_name(tensor->type) +
                                         " holds no floating-point numbers");
    }
    std::vector<uint8_t> bytes(ggml_nbytes(tensor));
    File file = open_file(path_, "rb");
    if (!file || !seek(file.get(), data_offset(tensor)) ||
        std::fread(bytes.data(), 1, bytes.size(), file.get()) != bytes.size()) {
        throw Error(Code::bad_input, path_ + ": could not read tensor " + tensor->name);
    }
    std::vector<float> values(ggml_nelements(tensor));
    if (tensor->type == GGML_TYPE_F32) std::memcpy(values.data(), bytes.data(), bytes.size());
    else to_float(bytes.data(), values.data(), (int64_t) values.size());
    return values;
}

void fail_writing(const std::string & temporary, const std::string & path, int failure) {
    std::error_code ignored;
    fs::remove(fs::u8path(temporary), ignored);
    const bool full = failure == ENOSPC;
    throw Error(full ? Code::not_enough_disk : Code::native_failure,
                "could not write " + path + ": " + std::strerror(failure),
                full ? "free some space; the same command continues where it stopped" : "");
}

namespace {

// A file that is written whole gets its name; one that is not is removed and its failure told.
void finish_file(const std::string & temporary, const std::string & path, bool written, int failure) {
    std::error_code renamed;
    if (written) fs::rename(fs::u8path(temporary), fs::u8path(path), renamed);
    if (written && !renamed) return sync_folder(fs::u8path(path).parent_path());
    fail_writing(temporary, path, written ? renamed.default_error_condition().value() : failure);
}

}  // namespace

void write_gguf_atomically(const gguf_context * gguf, const std::string & path) {
    const std::string temporary = path + ".tmp";
    errno = 0;
    File file = open_file(temporary, "wb");
    const bool written =
        file && gguf_write_to_file_ptr(gguf, file.get(), false) && std::fflush(file.get()) == 0 && sync(file.get());
    const int failure = errno;
    file.reset();
    finish_file(temporary, path, written, failure);
}

void rename_synced(const std::string & temporary, const std::string & path) {
    errno = 0;
    File file = open_file(temporary, "r+b");
    const bool written = file && sync(file.get());
    const int failure = errno;
    file.reset();
    finish_file(temporary, path, written, failure);
}

}  // namespace isheep
