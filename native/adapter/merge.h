// A base and its LoRA adapters as one model: each tensor that an adapter changes becomes W + scale * B * A, every other
// one is copied, or converted where another type is wanted. Works on a few rows at a time, so that memory does not grow
// with the model, and writes the file whole or not at all.
#pragma once

#include "adapter/merge-rows.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace isheep {

struct MergedAdapter {
    std::string path;
    float scale = 1;     // on top of the adapter's own alpha / rank
    std::string sha256;  // goes into the metadata
};

struct MergeSettings {
    std::string base_path;
    std::string base_sha256;  // an adapter that names another base is refused
    std::vector<MergedAdapter> adapters;
    std::string output_path;
    std::string type;           // "same": each tensor keeps its type; or as requantize.h
    std::string chat_template;  // written instead of the base's; "": the base's stays
    int threads = 1;
};

struct MergeReport {
    size_t n_tensors = 0, n_merged = 0;
    size_t n_fallback = 0;  // see TypePlan
    uint64_t n_bytes = 0;   // of the file
    MergeSums sums;         // of all tensors together
    std::string worst_tensor;
    double worst_survived = 1;
};

// on_progress(done tensors, all), many times a tensor; then `cancelled` is looked at. The same input gives the same
// bytes. Throws Error, all but the last three before anything is written: bad_config (type, output), model_not_found,
// bad_input, unsupported_model, adapter_mismatch, not_enough_disk; interrupted, native_failure.
MergeReport merge_adapters(const MergeSettings & settings, const std::function<void(size_t, size_t)> & on_progress,
                           const std::atomic<bool> & cancelled);

// Bytes of the file that a merge into `type` makes of a base, but for its metadata.
uint64_t merged_bytes(const std::string & base_path, const std::string & type);

}  // namespace isheep
