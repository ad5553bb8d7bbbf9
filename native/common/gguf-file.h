// Reading and writing GGUF files without trusting them: gguf.h aborts where a key has another type than asked for and
// does not look whether the tensors' data is there; this does, before anything is read.
#pragma once

#include "common/handles.h"

#include <cstdint>
#include <string>
#include <vector>

namespace isheep {

// Metadata and tensor descriptions of a GGUF file; its data stays on disk.
class GgufFile {
public:
    // Throws Error(model_not_found), or Error(bad_input) for a file that is no GGUF, is cut short or is of a newer
    // version.
    explicit GgufFile(const std::string & path);

    const std::string & path() const { return path_; }
    const gguf_context * gguf() const { return gguf_.get(); }

    bool has(const std::string & key) const;
    // Each throws Error(bad_input) where the key has another type, and, without a default, where it is missing.
    std::string text(const std::string & key) const;
    std::string text(const std::string & key, const std::string & fallback) const;
    int64_t integer(const std::string & key) const;  // of any integer type
    int64_t integer(const std::string & key, int64_t fallback) const;
    double number(const std::string & key) const;  // of any floating type
    double number(const std::string & key, double fallback) const;
    bool flag(const std::string & key, bool fallback) const;

    // Descriptions, in the file's order: type, shape and name, no data.
    const std::vector<ggml_tensor *> & tensors() const { return tensors_; }
    ggml_tensor * find(const std::string & name) const;    // null where there is none
    size_t data_offset(const ggml_tensor * tensor) const;  // from the start of the file
    size_t header_size() const { return gguf_get_data_offset(gguf_.get()); }

    // The tensor's numbers as F32, whatever its type. Throws Error(bad_input) where they cannot be read.
    std::vector<float> read_floats(const ggml_tensor * tensor) const;

private:
    int64_t find_key(const std::string & key, const char * expected, bool (*accepts)(gguf_type)) const;

    std::string path_;
    Context context_;
    Gguf gguf_;
    std::vector<ggml_tensor *> tensors_;
};

// Writes metadata and tensors (whose data must be set) beside `path`, syncs, renames: whole or not at all.
// Throws Error(not_enough_disk) or Error(native_failure).
void write_gguf_atomically(const gguf_context * gguf, const std::string & path);

// Gives a file that was written whole its name, after its content is synced; removes it where that fails.
// Throws Error(not_enough_disk) or Error(native_failure).
void rename_synced(const std::string & temporary, const std::string & path);

// Removes what was written of `path` and throws what `failure`, an errno, means: Error(not_enough_disk) or
// Error(native_failure).
[[noreturn]] void fail_writing(const std::string & temporary, const std::string & path, int failure);

}  // namespace isheep
