// Writes a GGUF file tensor by tensor, so that no more of it is in memory than the caller holds. The file appears in
// its place when it is whole.
#pragma once

#include "common/handles.h"

#include <cstdio>
#include <memory>
#include <string>

namespace isheep {

class GgufWriter {
public:
    // Writes the header beside `path`. The data of the tensors that `gguf` names follows in their order. Each call
    // throws Error(not_enough_disk) or Error(native_failure).
    GgufWriter(const gguf_context * gguf, const std::string & path);
    // Removes what was written where finish() was not reached.
    ~GgufWriter();
    GgufWriter(const GgufWriter &) = delete;
    GgufWriter & operator=(const GgufWriter &) = delete;

    void write(const void * data, size_t size);
    void end_tensor();  // padding up to the next one
    void finish();      // syncs the file and gives it its name

private:
    struct CloseFile {
        void operator()(FILE * file) const { std::fclose(file); }
    };
    [[noreturn]] void fail();

    std::string path_, temporary_;
    size_t alignment_;
    size_t n_written_ = 0;  // of tensor data
    std::unique_ptr<FILE, CloseFile> file_;
};

}  // namespace isheep
