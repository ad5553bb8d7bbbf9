// LoRA adapters as llama.cpp reads them: a GGUF of type adapter with pairs of tensors <base tensor>.lora_a [n_in, rank]
// and .lora_b [rank, n_out]. llama.cpp scales their product by alpha / rank. Knows nothing of training.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace isheep {

struct LoraPair {
    std::string base_tensor;  // "blk.0.attn_q.weight"
    int64_t n_in, n_out, rank;
    std::vector<float> a;  // rank rows of n_in numbers
    std::vector<float> b;  // n_out rows of rank numbers
};

struct LoraFile {
    std::string architecture;  // of the base
    float alpha = 0;
    std::map<std::string, std::string> metadata;  // further keys with texts
    std::vector<LoraPair> pairs;
};

// Whole or not at all; the same content gives the same bytes. Throws Error(not_enough_disk) or Error(native_failure).
void write_lora(const std::string & path, const LoraFile & adapter);

// Throws Error(model_not_found), Error(bad_input) for what is no GGUF, Error(adapter_mismatch) for what is no such adapter.
LoraFile read_lora(const std::string & path);

}  // namespace isheep
