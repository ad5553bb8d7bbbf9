// A file seen as memory, read-only: the pages come from disk when they are touched and can be dropped again by the system.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace isheep {

class MappedFile {
public:
    // Throws Error(model_not_found) where there is no such file, Error(bad_input) where it is empty or cannot be mapped.
    explicit MappedFile(const std::string & path);
    ~MappedFile();
    MappedFile(const MappedFile &) = delete;
    MappedFile & operator=(const MappedFile &) = delete;

    const uint8_t * data() const { return data_; }  // aligned to a page; valid as long as this object
    size_t size() const { return size_; }

private:
    const uint8_t * data_ = nullptr;
    size_t size_ = 0;
};

}  // namespace isheep
