// A GGUF model written again with other types of numbers. llama.cpp does the work; this checks before and makes the
// file appear whole or not at all.
#pragma once

#include <string>

namespace isheep {

struct RequantizeSettings {
    std::string input_path;
    std::string output_path;
    std::string type;   // llama.cpp's name in lower case: "q8_0", "q4_k_m", "f16", "f32"…
    bool pure = false;  // every matrix of that very type; otherwise llama.cpp gives some tensors more bits
    int threads = 1;
};

// Throws Error: bad_config for a type that is not known or an output that is the input, model_not_found, bad_input,
// unsupported_model, not_enough_disk, native_failure.
void requantize(const RequantizeSettings & settings);

}  // namespace isheep
