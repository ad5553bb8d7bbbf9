// llama.cpp's own finetune (llama_opt_*): float models in full, loss on every token of a block of text. What its
// asserts would end the process for is checked before; its optimizer's state cannot be read, so nothing here resumes.
//
// Upstream leaves some weights as they are: the token embedding (so a tied output too), and k and v of every layer,
// since the keys and values go through the cache, where its gradients end.
#pragma once

#include "common/handles.h"
#include "training/adamw.h"
#include "training/lr-schedule.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace isheep {

struct FullFinetuneSettings {
    std::string model_path;
    std::string device = "cpu";  // as device_by_name takes it
    int threads = 1;
    uint64_t free_host_bytes = 0;  // where the device shares the machine's memory
    int block_tokens = 1024;       // of one optimizer step: a multiple of block_multiple
    int micro_batch_tokens = 256;  // divides block_tokens
    LrSchedule schedule;
    AdamWSettings adamw;
};

constexpr int block_multiple = 256;  // llama.cpp pads its contexts to this

// Bytes that the training holds at its peak, an estimate from above: weights, gradients, two moments, and the
// micro-batch's whole graph.
uint64_t full_finetune_bytes(const std::string & model_path, int block_tokens, int micro_batch_tokens);

class FullFinetune {
public:
    // Throws Error: model_not_found, bad_input, unsupported_model (an architecture or a type that upstream's backward
    // pass aborts on), bad_config, not_enough_memory.
    explicit FullFinetune(const FullFinetuneSettings & settings);
    ~FullFinetune();
    FullFinetune(const FullFinetune &) = delete;
    FullFinetune & operator=(const FullFinetune &) = delete;

    // One optimizer step on block_tokens + 1 tokens -> the mean loss in nats. Throws Error(bad_input) for tokens that
    // are not the model's, Error(native_failure) where the loss is not finite.
    double step(const std::vector<int32_t> & tokens);
    // The loss alone.
    double evaluate(const std::vector<int32_t> & tokens);
    double learning_rate() const { return learning_rate_; }  // of the last step

    // The model with its trained weights and the metadata of the file that it came from, whole or not at all.
    void save(const std::string & path) const;

private:
    double run(const std::vector<int32_t> & tokens, bool train);

    struct Optimizer;  // what llama.cpp's callback reads; stays where it is
    FullFinetuneSettings settings_;
    std::unique_ptr<Optimizer> optimizer_;
    LlamaModel model_;
    std::vector<LlamaAdapter> graph_room_;  // graph-room.h
    LlamaContext context_;                  // after the model and these, so that it is freed first
    int steps_ = 0;
    double learning_rate_ = 0;
};

}  // namespace isheep
