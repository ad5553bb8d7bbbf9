#include "training/linear.h"

#include "training/packed-linear.h"

#include <algorithm>

namespace isheep {

ggml_tensor * dropout_mask(LinearContext & context, InputGroup group, int64_t n_in) {
    if (!context.dropout || !context.dropout->active()) return nullptr;
    ggml_tensor *& mask = context.masks[index_of(group)];
    if (mask) return mask;
    const Dropout & dropout = *context.dropout;
    const MicroBatch & batch = context.batch.batch();
    const int layer = context.layer;
    mask = context.graph.input(n_in, batch.n_rows,
                               [&dropout, &batch, n_in, layer, group](float * rows, int64_t from, int64_t to) {
                                   dropout.fill(rows, n_in, batch, layer, group, from, to);
                               });
    return mask;
}

const LoraGroup * lora_group(const LinearContext & context, InputGroup group) {
    return context.lora ? context.lora->group(context.layer, group) : nullptr;
}

size_t index_in_group(InputGroup group, Target target) {
    const std::vector<Target> targets = targets_of(group);
    return std::find(targets.begin(), targets.end(), target) - targets.begin();
}

namespace {

// Rows of a matrix that are transposed at a time where it has no transposed copy: a multiple of every block size of
// backward_type.
int64_t slab_rows(const Matrix & matrix) {
    constexpr int64_t most_bytes = 16 << 20, multiple = 32;
    const int64_t fitting = most_bytes / ((int64_t) sizeof(float) * matrix.n_in()) / multiple * multiple;
    return std::clamp(fitting, multiple, matrix.n_out());
}

constexpr size_t nodes_of_slab = 10;  // of transposed_product, at most

// W^T dy, [n_in, n_rows]
ggml_tensor * transposed_product(LinearContext & context, const Matrix & matrix, ggml_tensor * dy) {
    Graph & g = context.graph;
    if (matrix.backward) return g.mul_mat(matrix.backward, dy);
    const int64_t slab = slab_rows(matrix);
    ggml_tensor * sum = nullptr;
    for (int64_t first = 0; first < matrix.n_out(); first += slab) {
        const int64_t n = std::min(slab, matrix.n_out() - first);
        ggml_tensor * rows = ggml_view_1d(g.context(), context.sums.row_numbers(), n, first * sizeof(int32_t));
        ggml_tensor * turned = g.transposed(ggml_get_rows(g.context(), matrix.forward, rows));  // [n, n_in]
        const ggml_type type = backward_type(matrix.forward->type, n);
        if (g.on_cpu() && type != GGML_TYPE_F32) turned = ggml_cast(g.context(), turned, type);
        ggml_tensor * part =
            g.mul_mat(turned, ggml_view_2d(g.context(), dy, n, dy->ne[1], dy->nb[1], first * sizeof(float)));
        sum = sum ? g.add(sum, part) : part;
    }
    return sum;
}

// Both gradients of a group's adapters. `seen` [n_in, n_rows]: what A multiplied; d_low [R, n_rows], times the scale.
LoraGradient adapter_gradients(LinearContext & context, InputGroup input, const LoraGroup & group, ggml_tensor * seen,
                               ggml_tensor * d_low, const std::vector<ggml_tensor *> & dy) {
    Graph & g = context.graph;
    LoraGradient gradient{&group, nullptr, {}};
    gradient.a = g.mul_mat(g.transposed(seen), g.rows(g.transposed(d_low), 0, group.n_ranks));
    g.output(gradient.a);
    ggml_tensor * low_transposed = g.mul_mat(seen, group.a);  // [n_rows, R]
    for (const LoraMember & member : group.members) {
        const size_t index = index_in_group(input, context.lora->parts()[member.part].target);
        ggml_tensor * low = g.rows(low_transposed, member.first, context.lora->settings().rank);
        gradient.b.push_back(g.mul_mat(g.transposed(dy[index]), low));
        g.output(gradient.b.back());
    }
    return gradient;
}

}  // namespace

size_t transposed_nodes(const Weights & weights) {
    size_t slabs = 0;
    for (const Matrix & matrix : weights.layer(0).matrices) {
        const int64_t slab = slab_rows(matrix);
        slabs += (size_t) ((matrix.n_out() + slab - 1) / slab);
    }
    return nodes_of_slab * slabs;
}

std::vector<ggml_tensor *> linear_forward(LinearContext & context, InputGroup input, ggml_tensor * x) {
    if (context.packed) return packed_forward(context, input, x);
    Graph & g = context.graph;
    const LoraGroup * group = lora_group(context, input);
    ggml_tensor * low = nullptr;  // [R, n_rows]
    if (group) {
        g.section("LoRA");
        ggml_tensor * mask = dropout_mask(context, input, x->ne[0]);
        low = g.mul_mat(group->a, mask ? g.mul(x, mask) : x);
    }
    std::vector<ggml_tensor *> all;
    for (Target target : targets_of(input)) {
        g.section("frozen products");
        ggml_tensor * y = g.mul_mat(context.weights[target].forward, x);
        g.section("LoRA");
        const LoraMember * member = group ? group->member(context.lora->parts(), target) : nullptr;
        all.push_back(member ? g.add(y, g.mul_mat(member->b, low)) : y);
    }
    return all;
}

ggml_tensor * linear_backward(LinearContext & context, InputGroup input, ggml_tensor * x,
                              const std::vector<ggml_tensor *> & dy, bool wanted) {
    if (context.packed) return packed_backward(context, input, x, dy, wanted);
    Graph & g = context.graph;
    g.section("frozen products");
    const std::vector<Target> targets = targets_of(input);
    ggml_tensor * dx = nullptr;
    for (size_t i = 0; wanted && i < targets.size(); i++) {
        ggml_tensor * part = transposed_product(context, context.weights[targets[i]], dy[i]);
        dx = dx ? g.add(dx, part) : part;
    }
    const LoraGroup * group = lora_group(context, input);
    if (!group) return dx;
    g.section("LoRA");
    ggml_tensor * d_low = nullptr;  // [R, n_rows], times the scale
    for (const LoraMember & member : group->members) {
        const size_t index = index_in_group(input, context.lora->parts()[member.part].target);
        ggml_tensor * part = g.mul_mat(member.b_transposed, dy[index]);
        d_low = d_low ? g.add(d_low, part) : part;
    }
    ggml_tensor * mask = dropout_mask(context, input, x->ne[0]);
    context.gradients.push_back(adapter_gradients(context, input, *group, mask ? g.mul(x, mask) : x, d_low, dy));
    if (!wanted) return nullptr;
    ggml_tensor * through_lora = g.mul_mat(group->a_transposed, d_low);  // [n_in, n_rows]
    return g.add(dx, mask ? g.mul(through_lora, mask) : through_lora);
}

}  // namespace isheep
