#include "training/linear.h"

namespace isheep {
namespace {

const LoraMatrices * lora_matrices(const LinearContext & context, Target target) {
    return context.lora ? context.lora->matrices(context.layer, target) : nullptr;
}

// [n_in, n_rows], or null where nothing is dropped.
ggml_tensor * dropout_mask(LinearContext & context, Target target, int64_t n_in) {
    if (!context.dropout || !context.dropout->active()) return nullptr;
    const Dropout & dropout = *context.dropout;
    const MicroBatch & batch = context.batch.batch();
    const int layer = context.layer;
    return context.graph.input(n_in, batch.n_rows, [&dropout, &batch, n_in, layer, target](float * mask) {
        dropout.fill(mask, n_in, batch, layer, target);
    });
}

// The first `n` rows of a matrix, a view.
ggml_tensor * first_rows(Graph & g, ggml_tensor * t, int64_t n) { return ggml_view_2d(g.context(), t, t->ne[0], n, t->nb[1], 0); }

}  // namespace

ggml_tensor * LinearInput::transposed(Graph & g) {
    if (!transposed_) transposed_ = g.transposed(x_);
    return transposed_;
}

ggml_tensor * linear_forward(LinearContext & context, Target target, ggml_tensor * x) {
    Graph & g = context.graph;
    ggml_tensor * y = g.mul_mat(context.weights[target].forward, x);
    const LoraMatrices * lora = lora_matrices(context, target);
    if (!lora) return y;
    ggml_tensor * mask = dropout_mask(context, target, x->ne[0]);
    ggml_tensor * low = g.mul_mat(lora->a, mask ? g.mul(x, mask) : x);  // [R, n_rows]
    return g.add(y, g.mul_mat(lora->b, low));
}

ggml_tensor * linear_backward(LinearContext & context, Target target, LinearInput & x, ggml_tensor * dy, bool wanted) {
    Graph & g = context.graph;
    ggml_tensor * dx = wanted ? g.mul_mat(context.weights[target].backward, dy) : nullptr;
    const LoraMatrices * lora = lora_matrices(context, target);
    if (!lora) return dx;
    ggml_tensor * mask = dropout_mask(context, target, x.get()->ne[0]);
    LinearInput masked(mask ? g.mul(x.get(), mask) : nullptr);
    LinearInput & seen = mask ? masked : x;  // what A multiplied

    const int64_t rank = context.lora->settings().rank;
    ggml_tensor * low_transposed = g.mul_mat(seen.get(), lora->a);   // [n_rows, R]
    ggml_tensor * d_low = g.mul_mat(lora->b_transposed, dy);         // [R, n_rows], times the scale
    ggml_tensor * da = g.mul_mat(seen.transposed(g), first_rows(g, g.transposed(d_low), rank));
    ggml_tensor * db = g.mul_mat(first_rows(g, low_transposed, rank), g.transposed(dy));
    g.output(da);
    g.output(db);
    context.gradients.push_back({context.lora->part(context.layer, target), da, db});
    if (!wanted) return nullptr;
    ggml_tensor * through_lora = g.mul_mat(lora->a_transposed, d_low);  // [n_in, n_rows]
    return g.add(dx, mask ? g.mul(through_lora, mask) : through_lora);
}

}  // namespace isheep
