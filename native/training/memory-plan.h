// How much memory training takes, known before it is taken, and what is chosen by it: which weights are copied, and how
// many layers keep their values for the backward pass.
#pragma once

#include "training/activations.h"
#include "training/lora.h"
#include "training/loss.h"

#include <optional>

namespace isheep {

// Bytes.
struct MemoryPlan {
    CopiedWeights copied = CopiedWeights::all;
    size_t mapped = 0;           // the file
    size_t copies = 0;           // of its matrices
    size_t adapter = 0;          // parameters, gradients, moments, working copies
    size_t graphs = 0;           // the largest graph, masks, logits
    size_t activations = 0;      // of the largest micro-batch
    size_t for_activations = 0;  // what they may take: smaller micro-batches keep more layers; 0: none keeps any

    size_t total() const { return mapped + copies + adapter + graphs + activations; }
};

struct MemoryLimits {
    size_t bytes = 0;                      // 0: no limit
    std::optional<CopiedWeights> copied;   // none: as the limit allows
    std::optional<bool> keep_activations;  // none: in as many layers as the limit allows
};

class MemoryPlanner {
public:
    MemoryPlanner(Compute & compute, const Weights & weights, const SumTensors & sums, const Lora & lora,
                  const LossHead & loss_head, int micro_batch_tokens);

    // Throws Error(not_enough_memory), with the longest sample that fits.
    MemoryPlan plan(int longest, const MemoryLimits & limits) const;

private:
    MemoryLimits before_copying(CopiedWeights copied, MemoryLimits limits) const;
    MemoryPlan smallest(int longest, CopiedWeights copied, const MemoryLimits & limits) const;
    MicroBatch largest_micro_batch(int longest) const;
    size_t graph_bytes(const MicroBatch & batch) const;
    int longest_that_fits(int too_long, CopiedWeights copied, const MemoryLimits & limits) const;

    Compute & compute_;
    const Weights & weights_;
    const SumTensors & sums_;
    const Lora & lora_;
    const LossHead & loss_head_;
    int micro_batch_tokens_;
};

}  // namespace isheep
