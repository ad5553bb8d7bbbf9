// How much memory training takes, known before it is taken, and what is chosen by it: which weights are copied, and how
// many layers keep their values for the backward pass.
#pragma once

#include "training/activations.h"
#include "training/lora.h"
#include "training/loss.h"

#include <algorithm>
#include <optional>

namespace isheep {

// Bytes.
struct MemoryPlan {
    CopiedWeights copied = CopiedWeights::all;
    size_t process = 0;          // what it has before, and what libraries and heap come to
    size_t mapped = 0;           // the file
    size_t copies = 0;           // of its matrices
    size_t adapter = 0;          // parameters, gradients, moments, working copies
    size_t graphs = 0;           // the largest graph, masks, logits
    size_t activations = 0;      // of the largest micro-batch
    size_t copying = 0;          // while copies are made, before there are graphs and activations
    size_t for_activations = 0;  // what they may take: smaller micro-batches keep more layers; 0: none keeps any

    // The peak.
    size_t total() const { return process + mapped + copies + adapter + std::max(copying, graphs + activations); }
};

struct MemoryLimits {
    size_t bytes = 0;                      // of the whole process; 0: no limit
    size_t process = 0;                    // what it has before
    std::optional<CopiedWeights> copied;   // none: as the limit allows
    std::optional<bool> keep_activations;  // none: in as many layers as the limit allows
};

// What Lora::bytes() comes to, known without making one.
size_t adapter_bytes(const LoraSettings & lora, const Weights & weights);

// Throws Error(not_enough_memory) where file and adapter alone exceed the limit, so that an adapter is not even begun.
void check_adapter_fits_memory(const LoraSettings & lora, const Weights & weights, const MemoryLimits & limits);

class MemoryPlanner {
public:
    MemoryPlanner(Compute & compute, const Weights & weights, const SumTensors & sums, const Lora & lora,
                  const LossHead & loss_head, int micro_batch_tokens, int n_threads);

    // Throws Error(not_enough_memory), with the longest sample that fits. Takes next to no memory itself.
    MemoryPlan plan(int longest, const MemoryLimits & limits) const;

private:
    MemoryLimits before_copying(CopiedWeights copied, MemoryLimits limits) const;
    MemoryPlan smallest(int longest, CopiedWeights copied, const MemoryLimits & limits) const;
    MicroBatch largest_micro_batch(int longest) const;
    size_t graph_bytes(const MicroBatch & batch) const;
    int longest_that_fits(int too_long, CopiedWeights copied, const MemoryLimits & limits) const;
    [[noreturn]] void refuse(int longest, CopiedWeights copied, const MemoryLimits & limits) const;

    Compute & compute_;
    const Weights & weights_;
    const SumTensors & sums_;
    const Lora & lora_;
    const LossHead & loss_head_;
    int micro_batch_tokens_, n_threads_;
};

}  // namespace isheep
