// Which type each tensor of a model gets where it is written as "q4_k_m", "f16"… It is llama.cpp's own choice, mixes of
// types and other types for rows that their blocks do not divide included. llama.cpp tells it only by quantizing, so a
// stand-in of the model is quantized: the same metadata and names, and two rows of zeros for each matrix.
#pragma once

#include "common/gguf-file.h"

#include <string>
#include <vector>

namespace isheep {

struct TypePlan {
    std::vector<ggml_type> types;  // of the tensors, in the file's order
    uint32_t file_type = 0;        // general.file_type; meaningless where `keeps` is true
    bool keeps = false;            // every tensor keeps its type
    size_t n_fallback = 0;         // matrices whose rows the blocks of the type do not divide, so that they get another
};

// type: "same", or as requantize.h. Throws Error(bad_config) for an unknown one, Error(unsupported_model) where
// llama.cpp cannot write the model's architecture.
TypePlan plan_types(const GgufFile & base, const std::string & type);

// Bytes of the model's tensors under the plan, padding included; the header comes on top.
uint64_t planned_bytes(const GgufFile & base, const TypePlan & plan);

}  // namespace isheep
