#include "adapter/output-path.h"

#include "common/status.h"

#include <filesystem>

namespace isheep {

namespace fs = std::filesystem;

void check_output_path(const std::string & input, const std::string & output) {
    std::error_code ignored;
    if (fs::equivalent(fs::u8path(input), fs::u8path(output), ignored)) {
        throw Error(Code::bad_config, output + " is the input and the output", "give another name for the output");
    }
    const fs::path folder = fs::absolute(fs::u8path(output)).parent_path();
    if (!fs::is_directory(folder, ignored)) {
        throw Error(Code::bad_config, "the folder " + folder.u8string() + " of the output does not exist",
                    "make it, or give another");
    }
}

uint64_t free_disk_bytes(const std::string & output) {
    std::error_code failure;
    const fs::space_info space = fs::space(fs::absolute(fs::u8path(output)).parent_path(), failure);
    return failure ? UINT64_MAX : (uint64_t) space.available;
}

}  // namespace isheep
