// A GGUF model written again with other types of numbers. llama.cpp does the work; this checks before and makes the
// file appear whole or not at all.
#pragma once

#include "llama.h"

#include <string>

namespace isheep {

// What a name such as "q4_k_m", llama.cpp's in lower case, stands for: a file type, and the type that most of its
// matrices have.
struct ModelType {
    llama_ftype ftype;
    ggml_type type;
};

// Throws Error(bad_config) with the names that are known: those that need no importance matrix.
ModelType model_type(const std::string & name);

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
