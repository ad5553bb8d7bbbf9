#include "training/memory-plan.h"

#include "common/status.h"
#include "training/layer-graph.h"

#include <algorithm>
#include <limits>

namespace isheep {
namespace {

bool fits(const MemoryPlan & plan, const MemoryLimits & limits) {
    return limits.bytes == 0 || plan.total() <= limits.bytes;
}

std::string mebibytes(size_t bytes) {
    return std::to_string((bytes >> 20) + 1) + " MiB";
}

}  // namespace

MemoryPlanner::MemoryPlanner(Compute & compute, const Weights & weights, const SumTensors & sums, const Lora & lora,
                             const LossHead & loss_head, int micro_batch_tokens)
    : compute_(compute),
      weights_(weights),
      sums_(sums),
      lora_(lora),
      loss_head_(loss_head),
      micro_batch_tokens_(micro_batch_tokens) {}

MemoryPlan MemoryPlanner::plan(int longest, const MemoryLimits & limits) const {
    const std::vector<CopiedWeights> choices =
        limits.copied ? std::vector<CopiedWeights>{*limits.copied} : weights_.fastest_copies();
    for (CopiedWeights copied : choices) {
        if (!fits(smallest(longest, copied, before_copying(copied, limits)), limits)) continue;
        MemoryPlan plan = smallest(longest, copied, limits);
        const int n_rows = largest_micro_batch(longest).n_rows;
        const Activations activations(weights_.architecture(), compute_.buffer_type());
        plan.for_activations = limits.bytes ? limits.bytes - (plan.total() - plan.activations) : SIZE_MAX;
        if (limits.keep_activations) plan.for_activations = *limits.keep_activations ? SIZE_MAX : 0;
        plan.activations = activations.bytes(n_rows, activations.layers_that_fit(n_rows, plan.for_activations));
        return plan;
    }
    const MemoryPlan needed = smallest(longest, choices.back(), limits);
    const int shorter = longest_that_fits(longest, choices.back(), limits);
    throw Error(Code::not_enough_memory,
                "training on samples of " + std::to_string(longest) + " tokens needs " + mebibytes(needed.total()) +
                    "; " + mebibytes(limits.bytes) + " may be used",
                shorter > 0
                    ? "the longest that fits has " + std::to_string(shorter) + " tokens: lower the maximum length"
                    : "use a smaller model, a lower rank or fewer targets, or allow more memory");
}

// What has to have room before something is copied. The micro-kernel gains a twentieth by copies and a quarter by kept
// activations (docs/benchmarks.md), so these come first.
MemoryLimits MemoryPlanner::before_copying(CopiedWeights copied, MemoryLimits limits) const {
    if (weights_.is_packed() && copied == CopiedWeights::all && !limits.copied && !limits.keep_activations)
        limits.keep_activations = true;
    return limits;
}

// With as few kept layers as the limits allow.
MemoryPlan MemoryPlanner::smallest(int longest, CopiedWeights copied, const MemoryLimits & limits) const {
    const MicroBatch batch = largest_micro_batch(longest);
    const int n_kept = limits.keep_activations.value_or(false) ? weights_.architecture().n_layers : 0;
    MemoryPlan plan;
    plan.copied = copied;
    plan.mapped = weights_.mapped_bytes();
    plan.copies = weights_.bytes_of_copies(copied);
    plan.adapter = lora_.bytes();
    plan.graphs = graph_bytes(batch) + loss_head_.bytes();
    plan.activations = Activations(weights_.architecture(), compute_.buffer_type()).bytes(batch.n_rows, n_kept);
    return plan;
}

MicroBatch MemoryPlanner::largest_micro_batch(int longest) const {
    std::vector<Sample> samples;
    for (int tokens = 0; tokens == 0 || tokens + longest <= micro_batch_tokens_; tokens += longest)
        samples.push_back({std::vector<int32_t>((size_t) longest, 0), 1, ""});
    return pack(samples, std::max<int>(micro_batch_tokens_, (int) padded(longest)), Rows::all).front();
}

// The backward graph of a layer that computes its values again is the largest. It is described, not computed: its
// tensors get no memory, and what its inputs lie in is never touched.
size_t MemoryPlanner::graph_bytes(const MicroBatch & micro_batch) const {
    const BatchTensors batch(micro_batch, weights_.architecture().window, compute_.buffer_type());
    Activations activations(weights_.architecture(), compute_.buffer_type());
    activations.prepare(micro_batch.n_rows, 0);
    const Dropout dropout(0.5, 0, 0);
    Graph g(compute_, LayerGraph::max_nodes(micro_batch));
    LayerGraph layer(g, weights_, sums_, batch, &lora_, &dropout, 0);
    layer.backward(activations.input(0), nullptr, activations.gradient(1), activations.gradient(0));
    return g.bytes() + batch.bytes();
}

int MemoryPlanner::longest_that_fits(int too_long, CopiedWeights copied, const MemoryLimits & limits) const {
    int good = 0, bad = too_long;
    while (bad - good > (int) row_padding) {
        const int middle = (good + bad) / 2;
        (fits(smallest(middle, copied, limits), limits) ? good : bad) = middle;
    }
    return good / (int) row_padding * (int) row_padding;
}

}  // namespace isheep
