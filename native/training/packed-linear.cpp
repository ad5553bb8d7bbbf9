#include "training/packed-linear.h"

#include "training/matrix-product.h"

#include <algorithm>

namespace isheep {
namespace {

// What a group's A multiplies, and what comes out. Made once where a graph holds forward and backward.
struct Low {
    ggml_tensor * seen;  // BF16 [n_in, n_rows]: x, some of it dropped
    ggml_tensor * low;   // F32 [R, n_rows]
};

Low low_of(LinearContext & context, InputGroup input, const LoraGroup & group, ggml_tensor * x) {
    Graph & g = context.graph;
    ggml_tensor *& seen = context.seen[index_of(input)];
    ggml_tensor *& low = context.low[index_of(input)];
    if (!low) {
        seen = to_bf16(g, x, dropout_mask(context, input, x->ne[0]));
        low = product_sum(g, {{seen, group.a, Reading::across}});
    }
    return {seen, low};
}

// Both gradients of a group's adapters. d_low F32 [R, n_rows], times the scale; dy BF16 [n_out, n_rows] of each target.
LoraGradient adapter_gradients(LinearContext & context, InputGroup input, const LoraGroup & group, const Low & low,
                               ggml_tensor * d_low, const std::vector<ggml_tensor *> & dy) {
    Graph & g = context.graph;
    ggml_tensor * ranks = g.rows(to_bf16_transposed(g, d_low), 0, group.n_ranks);  // [n_rows, n_ranks]
    LoraGradient gradient{&group, product_sum(g, {{ranks, low.seen, Reading::along}}), {}};
    g.output(gradient.a);
    ggml_tensor * low_transposed = to_bf16_transposed(g, low.low);  // [n_rows, R]
    for (const LoraMember & member : group.members) {
        ggml_tensor * own = g.rows(low_transposed, member.first, context.lora->settings().rank);
        const size_t index = index_in_group(input, context.lora->parts()[member.part].target);
        gradient.b.push_back(product_sum(g, {{own, dy[index], Reading::along}}));
        g.output(gradient.b.back());
    }
    return gradient;
}

}  // namespace

std::vector<ggml_tensor *> packed_forward(LinearContext & context, InputGroup input, ggml_tensor * x) {
    Graph & g = context.graph;
    const LoraGroup * group = lora_group(context, input);
    g.section("LoRA");
    ggml_tensor * low = group ? to_bf16(g, low_of(context, input, *group, x).low) : nullptr;
    g.section("frozen products");
    ggml_tensor * rows = nullptr;  // x, where the micro-kernel multiplies it
    std::vector<ggml_tensor *> all;
    for (Target target : targets_of(input)) {
        const Matrix & matrix = context.weights[target];
        const LoraMember * member = group ? group->member(context.lora->parts(), target) : nullptr;
        std::vector<ProductTerm> terms;
        if (member) terms.push_back({low, member->b, Reading::across});
        ggml_tensor * copied = nullptr;
        if (!matrix.packed) copied = g.mul_mat(matrix.forward, x);
        else terms.push_back({rows = rows ? rows : to_bf16(g, x), matrix.packed, Reading::across});
        all.push_back(terms.empty() ? copied : product_sum(g, terms, nullptr, copied));
    }
    return all;
}

ggml_tensor * packed_backward(LinearContext & context, InputGroup input, ggml_tensor * x,
                              const std::vector<ggml_tensor *> & dy, bool wanted) {
    Graph & g = context.graph;
    const std::vector<Target> targets = targets_of(input);
    const LoraGroup * group = lora_group(context, input);
    g.section("frozen products");
    std::vector<ggml_tensor *> rounded;
    for (ggml_tensor * d : dy) rounded.push_back(to_bf16(g, d));

    std::vector<ProductTerm> terms;  // of dx
    ggml_tensor * mask = nullptr;
    if (group) {
        g.section("LoRA");
        std::vector<ProductTerm> through;
        for (const LoraMember & member : group->members) {
            const size_t index = index_in_group(input, context.lora->parts()[member.part].target);
            through.push_back({rounded[index], member.b, Reading::along});
        }
        ggml_tensor * d_low = product_sum(g, through);  // [R, n_rows], times the scale
        context.gradients.push_back(
            adapter_gradients(context, input, *group, low_of(context, input, *group, x), d_low, rounded));
        mask = dropout_mask(context, input, x->ne[0]);
        terms.push_back({to_bf16(g, d_low), group->a, Reading::along});
    }
    if (!wanted) return nullptr;
    g.section("frozen products");
    ggml_tensor * copied = nullptr;
    for (size_t i = 0; i < targets.size(); i++) {
        const Matrix & matrix = context.weights[targets[i]];
        if (matrix.packed) {
            terms.push_back({rounded[i], matrix.packed, Reading::along});
            continue;
        }
        ggml_tensor * part = g.mul_mat(matrix.backward, dy[i]);
        copied = copied ? g.add(copied, part) : part;
    }
    return terms.empty() ? copied : product_sum(g, terms, mask, copied);
}

}  // namespace isheep
