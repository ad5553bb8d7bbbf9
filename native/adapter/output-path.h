// Where a model that is made out of another one may be written.
#pragma once

#include <cstdint>
#include <string>

namespace isheep {

// Throws Error(bad_config) where `output` is the input itself or lies in a folder that does not exist.
void check_output_path(const std::string & input, const std::string & output);

// Bytes free on the disk of `output`; UINT64_MAX where the system does not tell.
uint64_t free_disk_bytes(const std::string & output);

}  // namespace isheep
