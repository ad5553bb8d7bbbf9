#include "common/mapped-file.h"

#include "common/status.h"

#include <cerrno>
#include <cstring>

#ifdef _WIN32
#define NOMINMAX
#include <windows.h>
#else
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#endif

namespace isheep {
namespace {

[[noreturn]] void fail(const std::string & path, const std::string & why, bool missing) {
    throw Error(missing ? Code::model_not_found : Code::bad_input, "could not read " + path + ": " + why);
}

}  // namespace

#ifdef _WIN32

MappedFile::MappedFile(const std::string & path) {
    const int n = MultiByteToWideChar(CP_UTF8, 0, path.c_str(), -1, nullptr, 0);
    std::wstring wide((size_t) n, L'\0');
    MultiByteToWideChar(CP_UTF8, 0, path.c_str(), -1, &wide[0], n);
    HANDLE file = CreateFileW(wide.c_str(), GENERIC_READ, FILE_SHARE_READ, nullptr, OPEN_EXISTING, 0, nullptr);
    if (file == INVALID_HANDLE_VALUE) fail(path, "there is no such file", true);
    LARGE_INTEGER size{};
    HANDLE mapping = nullptr;
    if (GetFileSizeEx(file, &size) && size.QuadPart > 0) mapping = CreateFileMappingW(file, nullptr, PAGE_READONLY, 0, 0, nullptr);
    if (mapping) data_ = (const uint8_t *) MapViewOfFile(mapping, FILE_MAP_READ, 0, 0, 0);
    if (mapping) CloseHandle(mapping);
    CloseHandle(file);
    if (!data_) fail(path, size.QuadPart > 0 ? "it could not be mapped into memory" : "it is empty", false);
    size_ = (size_t) size.QuadPart;
}

MappedFile::~MappedFile() {
    UnmapViewOfFile(data_);
}

#else

MappedFile::MappedFile(const std::string & path) {
    const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) fail(path, std::strerror(errno), errno == ENOENT);
    struct stat info {};
    if (fstat(file, &info) != 0 || !S_ISREG(info.st_mode) || info.st_size == 0) {
        close(file);
        fail(path, info.st_size == 0 ? "it is empty" : "it is not a regular file", false);
    }
    void * mapped = mmap(nullptr, (size_t) info.st_size, PROT_READ, MAP_SHARED, file, 0);
    const int failure = errno;
    close(file);
    if (mapped == MAP_FAILED) fail(path, std::strerror(failure), false);
    data_ = (const uint8_t *) mapped;
    size_ = (size_t) info.st_size;
}

MappedFile::~MappedFile() {
    munmap((void *) data_, size_);
}

#endif

}  // namespace isheep
