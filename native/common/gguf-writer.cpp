#include "common/gguf-writer.h"

#include "common/gguf-file.h"

#include <cerrno>
#include <filesystem>
#include <vector>

namespace isheep {

GgufWriter::GgufWriter(const gguf_context * gguf, const std::string & path)
    : path_(path), temporary_(path + ".tmp"), alignment_(gguf_get_alignment(gguf)) {
    errno = 0;
    file_.reset(ggml_fopen(temporary_.c_str(), "wb"));
    if (!file_ || !gguf_write_to_file_ptr(gguf, file_.get(), /*only_meta*/ true)) fail();
}

GgufWriter::~GgufWriter() {
    if (!file_) return;
    file_.reset();
    std::error_code ignored;
    std::filesystem::remove(std::filesystem::u8path(temporary_), ignored);
}

void GgufWriter::write(const void * data, size_t size) {
    errno = 0;
    if (std::fwrite(data, 1, size, file_.get()) != size) fail();
    n_written_ += size;
}

void GgufWriter::end_tensor() {
    const std::vector<char> padding(GGML_PAD(n_written_, alignment_) - n_written_);
    write(padding.data(), padding.size());
}

void GgufWriter::finish() {
    errno = 0;
    if (std::fflush(file_.get()) != 0) fail();
    file_.reset();
    rename_synced(temporary_, path_);
}

void GgufWriter::fail() {
    const int failure = errno;
    file_.reset();
    fail_writing(temporary_, path_, failure);
}

}  // namespace isheep
