#include "training/memory-plan.h"

#include "common/status.h"
#include "training/layer-graph.h"

#include <algorithm>
#include <limits>

namespace isheep {
namespace {

// Code of the libraries, work buffers of products, descriptions of graphs, and what the heap does not give back: 20 to
// 40 MiB, measured on two models at three lengths.
constexpr size_t growth = (size_t) 24 << 20;

bool fits(const MemoryPlan & plan, const MemoryLimits & limits) {
    return limits.bytes == 0 || plan.total() <= limits.bytes;
}

std::string mebibytes(size_t bytes) {
    return std::to_string((bytes >> 20) + 1) + " MiB";
}

std::string allowed(const MemoryLimits & limits) {
    return "; " + std::to_string(limits.bytes >> 20) + " MiB may be used";
}

constexpr const char * smaller_training = "use a smaller model, a lower rank or fewer targets, or allow more memory";

}  // namespace

size_t adapter_bytes(const LoraSettings & lora, const Weights & weights) {
    auto is_trained = [&](Target target) {
        return std::find(lora.targets.begin(), lora.targets.end(), target) != lora.targets.end();
    };
    size_t parameters = 0, copied = 0;
    for (InputGroup group : {InputGroup::qkv, InputGroup::o, InputGroup::gate_up, InputGroup::down}) {
        int64_t n_in = 0, n_ranks = 0, n_out = 0;
        for (Target target : targets_of(group)) {
            if (!is_trained(target)) continue;
            const Matrix & matrix = weights.layer(0)[target];
            n_in = matrix.n_in();
            n_ranks += lora.rank;
            n_out += matrix.n_out();
        }
        parameters += (size_t) (n_ranks * n_in + lora.rank * n_out);
        copied += 2 * (size_t) (padded(n_ranks) * (n_in + n_out));
    }
    constexpr size_t states = 4;  // parameters, gradients, two moments
    return (states * parameters + copied) * sizeof(float) * (size_t) weights.architecture().n_layers;
}

void check_adapter_fits_memory(const LoraSettings & lora, const Weights & weights, const MemoryLimits & limits) {
    const size_t needed = limits.process + weights.mapped_bytes() + adapter_bytes(lora, weights);
    if (limits.bytes == 0 || needed <= limits.bytes) return;
    throw Error(Code::not_enough_memory,
                "the process, the model and an adapter of rank " + std::to_string(lora.rank) + " alone need " +
                    mebibytes(needed) + allowed(limits),
                smaller_training);
}

MemoryPlanner::MemoryPlanner(Compute & compute, const Weights & weights, const SumTensors & sums, const Lora & lora,
                             const LossHead & loss_head, int micro_batch_tokens, int n_threads)
    : compute_(compute),
      weights_(weights),
      sums_(sums),
      lora_(lora),
      loss_head_(loss_head),
      micro_batch_tokens_(micro_batch_tokens),
      n_threads_(n_threads) {}

MemoryPlan MemoryPlanner::plan(int longest, const MemoryLimits & limits) const {
    const std::vector<CopiedWeights> choices =
        limits.copied ? std::vector<CopiedWeights>{*limits.copied} : weights_.fastest_copies();
    for (CopiedWeights copied : choices) {
        if (!fits(smallest(longest, copied, before_copying(copied, limits)), limits)) continue;
        MemoryPlan plan = smallest(longest, copied, limits);
        const int n_rows = largest_micro_batch(longest).n_rows;
        const Activations activations(weights_.architecture(), compute_.buffer_type());
        const size_t others = plan.process + plan.mapped + plan.copies + plan.adapter + plan.graphs;
        plan.for_activations = limits.bytes ? limits.bytes - others : SIZE_MAX;
        if (limits.keep_activations) plan.for_activations = *limits.keep_activations ? SIZE_MAX : 0;
        plan.activations = activations.bytes(n_rows, activations.layers_that_fit(n_rows, plan.for_activations));
        return plan;
    }
    refuse(longest, choices.back(), limits);
}

void MemoryPlanner::refuse(int longest, CopiedWeights copied, const MemoryLimits & limits) const {
    const std::string needed = mebibytes(smallest(longest, copied, limits).total());
    const int shorter = longest_that_fits(longest, copied, limits);
    std::string hint =
        shorter > 0 ? "the longest that fits has " + std::to_string(shorter) + " tokens: lower the maximum length to it"
                    : std::string("no length fits: lower the tokens of a micro-batch, ") + smaller_training;
    const bool copies_are_set = limits.copied && copied != CopiedWeights::none;
    if (copies_are_set || limits.keep_activations.value_or(false))
        hint += "; or leave both copied weights and activations at auto";
    throw Error(Code::not_enough_memory,
                "training on samples of up to " + std::to_string(longest) + " tokens needs " + needed + allowed(limits),
                hint);
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
    plan.process = limits.process + growth;
    plan.mapped = weights_.mapped_bytes();
    plan.copies = weights_.bytes_of_copies(copied);
    plan.copying = loss_head_.bytes() + weights_.bytes_of_copying(copied, n_threads_);
    plan.adapter = lora_.bytes();
    plan.graphs = graph_bytes(batch) + loss_head_.bytes();
    plan.activations = Activations(weights_.architecture(), compute_.buffer_type()).bytes(batch.n_rows, n_kept);
    return plan;
}

MicroBatch MemoryPlanner::largest_micro_batch(int longest) const {
    std::vector<Sample> samples;
    for (int tokens = 0; tokens == 0 || tokens + longest <= micro_batch_tokens_; tokens += longest)
        samples.push_back({std::vector<int32_t>((size_t) longest, 0), 1, ""});
    return pack(samples, std::max<int>(micro_batch_tokens_, (int) padded(longest)), Rows::all, row_layout(weights_))
        .front();
}

// The backward graph of a layer that computes its values again is the largest. It is described, not computed: neither
// it nor what it reads of a micro-batch gets memory.
size_t MemoryPlanner::graph_bytes(const MicroBatch & micro_batch) const {
    const BatchTensors batch = BatchTensors::described(micro_batch, weights_, compute_.buffer_type());
    Activations activations(weights_.architecture(), compute_.buffer_type());
    activations.describe(micro_batch.n_rows);
    const Dropout dropout(0.5, 0, 0);
    Graph g(compute_, LayerGraph::max_nodes(micro_batch, weights_));
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
