// Whether an adapter can be trained on: its base, rank, scale and matrices against those of a training.
#pragma once

#include "adapter/lora-gguf.h"

namespace isheep {

struct AdapterMatrix {
    std::string base_tensor;
    int64_t n_in, n_out;
};

struct WantedAdapter {
    std::string architecture;
    std::string base_sha256;  // "": not known, not checked
    int64_t rank = 0;
    double alpha = 0;  // as the file has it, see write_lora
    std::vector<AdapterMatrix> matrices;
};

// Throws Error(adapter_mismatch) that names all that differs. The base is known by its sha256 where the adapter has the
// key isheep.base.sha256, by its architecture and shapes otherwise.
void check_adapter_fits(const std::string & path, const LoraFile & adapter, const WantedAdapter & wanted);

}  // namespace isheep
