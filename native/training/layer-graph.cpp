#include "training/layer-graph.h"

#include "training/gated-unit.h"

namespace isheep {

LayerGraph::LayerGraph(Graph & graph, const Weights & weights, const SumTensors & sums, const BatchTensors & batch,
                       const Lora * lora, const Dropout * dropout, int layer)
    : g_(graph),
      weights_(weights),
      sums_(sums),
      batch_(batch),
      linear_{graph, weights.layer(layer), batch, sums, lora, dropout, layer, weights.is_packed()} {}

AttentionShape LayerGraph::attention_shape() const {
    const Architecture & a = weights_.architecture();
    return {a.head_dim,        a.n_heads,        a.n_kv_heads,        a.window_of(linear_.layer),
            a.attention_scale, sums_.head_sum(), weights_.is_packed()};
}

// t [head_dim, n, n_rows], turned by positions and multiplied by `factor`.
ggml_tensor * LayerGraph::rope(ggml_tensor * t, ggml_tensor * positions, float factor) {
    const Architecture & a = weights_.architecture();
    constexpr int original_context = 0;  // these three belong to YaRN, which an extension factor of 0 turns off
    constexpr float extension = 0, beta_fast = 32, beta_slow = 1;
    return ggml_rope_ext(g_.context(), t, positions, weights_.rope_factors(), a.head_dim, a.features.rope_type,
                         original_context, a.rope_base_of(linear_.layer), a.rope_scale_of(linear_.layer), extension,
                         factor, beta_fast, beta_slow);
}

// x itself where the model has no such norm.
ggml_tensor * LayerGraph::normalized(ggml_tensor * x, ggml_tensor * weight) {
    return weight ? RmsNorm(g_, x, weight, weights_.architecture().rms_epsilon).y : x;
}

ggml_tensor * LayerGraph::normalized_backward(ggml_tensor * x, ggml_tensor * weight, ggml_tensor * dy) {
    const float epsilon = weights_.architecture().rms_epsilon;
    return weight ? RmsNorm(g_, x, weight, epsilon).backward(g_, sums_, epsilon, dy) : dy;
}

// q, k and v of x, the normalized input of the layer.
void LayerGraph::query_key_value(ggml_tensor * x, const LayerValues * place, LayerValues & v) {
    const Architecture & a = weights_.architecture();
    auto heads = [&](ggml_tensor * t, int n) { return ggml_reshape_3d(g_.context(), t, a.head_dim, n, x->ne[1]); };
    std::vector<ggml_tensor *> projected = linear_forward(linear_, InputGroup::qkv, x);
    g_.section("attention");
    for (Target target : {Target::q, Target::k, Target::v}) {
        ggml_tensor * bias = linear_.weights.biases[index_of(target)];
        if (bias) projected[index_of(target)] = g_.add(projected[index_of(target)], bias);
    }
    ggml_tensor *q = projected[0], *k = projected[1], *flat_v = projected[2];
    v.plain_q = heads(q, a.n_heads);
    v.plain_k = heads(k, a.n_kv_heads);
    v.q = rope(normalized(v.plain_q, linear_.weights.query_norm), batch_.positions(), 1);
    v.k = rope(normalized(v.plain_k, linear_.weights.key_norm), batch_.positions(), 1);
    v.v = heads(flat_v, a.n_kv_heads);
    if (!place) return;
    if (place->plain_q) {
        g_.compute_into(q, place->plain_q);
        g_.compute_into(k, place->plain_k);
    }
    g_.compute_into(v.q, place->q);
    g_.compute_into(v.k, place->k);
    g_.compute_into(flat_v, place->v);
}

// What the feed-forward block gives for h, before its norm.
ggml_tensor * LayerGraph::down(const LayerValues & v, ggml_tensor * h, const LayerValues * place) {
    if (v.down) return v.down;
    ggml_tensor * down = linear_forward(linear_, InputGroup::down, h)[0];
    if (place && place->down) g_.compute_into(down, place->down);
    return down;
}

LayerValues LayerGraph::values(ggml_tensor * x, const LayerValues * place) {
    const LayerWeights & w = linear_.weights;
    LayerValues v;
    g_.section("norms and residuals");
    query_key_value(normalized(x, w.attention_norm), place, v);
    v.attention = attention_forward(g_, attention_shape(), batch_, {v.q, v.k, v.v}, place ? place->attention : nullptr);
    v.projected = linear_forward(linear_, InputGroup::o, v.attention)[0];
    g_.section("norms and residuals");
    v.middle = g_.add(x, normalized(v.projected, w.attention_post_norm));
    const std::vector<ggml_tensor *> gate_up =
        linear_forward(linear_, InputGroup::gate_up, normalized(v.middle, w.feed_forward_norm));
    v.gate = gate_up[0];
    v.up = gate_up[1];
    if (place) {
        if (place->projected) g_.compute_into(v.projected, place->projected);
        g_.compute_into(v.middle, place->middle);
        g_.compute_into(v.gate, place->gate);
        g_.compute_into(v.up, place->up);
    }
    return v;
}

void LayerGraph::forward(ggml_tensor * x, const LayerValues * kept, ggml_tensor * y) {
    const LayerValues v = values(x, kept);
    g_.section("feed-forward activation");
    ggml_tensor * h = gated_forward(g_, weights_.architecture().features.activation, v.gate, v.up);
    ggml_tensor * block = down(v, h, kept);
    g_.section("norms and residuals");
    g_.compute_into(g_.add(v.middle, normalized(block, linear_.weights.feed_forward_post_norm)), y);
}

void LayerGraph::backward(ggml_tensor * x, const LayerValues * kept, ggml_tensor * dy, ggml_tensor * dx) {
    const LayerWeights & w = linear_.weights;
    const float epsilon = weights_.architecture().rms_epsilon;
    const LayerValues v = kept ? *kept : values(x, nullptr);

    // y = middle + norm(down(act(gate) up))
    g_.section("feed-forward activation");
    const GatedUnit unit(g_, weights_.architecture().features.activation, v.gate, v.up);
    ggml_tensor * d_down = dy;
    if (w.feed_forward_post_norm)
        d_down = normalized_backward(down(v, unit.h(), nullptr), w.feed_forward_post_norm, dy);
    ggml_tensor * dh = linear_backward(linear_, InputGroup::down, unit.h(), {d_down});
    g_.section("feed-forward activation");
    const GatedUnit::Gradients d_unit = unit.backward(g_, dh);

    // gate and up of norm(middle)
    g_.section("norms and residuals");
    const RmsNorm middle_norm(g_, v.middle, w.feed_forward_norm, epsilon);
    ggml_tensor * d_norm = linear_backward(linear_, InputGroup::gate_up, middle_norm.y, {d_unit.gate, d_unit.up});
    g_.section("norms and residuals");
    ggml_tensor * d_middle = g_.add(dy, middle_norm.backward(g_, sums_, epsilon, d_norm));

    // middle = x + norm(o(attention(rope(norm(q)), rope(norm(k)), v)))
    ggml_tensor * d_projected = normalized_backward(v.projected, w.attention_post_norm, d_middle);
    ggml_tensor * d_attention = linear_backward(linear_, InputGroup::o, v.attention, {d_projected});
    g_.section("attention");
    const AttentionInput d = attention_input_backward(
        v, attention_backward(g_, attention_shape(), batch_, {v.q, v.k, v.v}, v.attention, d_attention));

    // q, k and v of norm(x)
    g_.section("norms and residuals");
    const RmsNorm norm(g_, x, w.attention_norm, epsilon);
    d_norm = linear_backward(linear_, InputGroup::qkv, norm.y, {d.q, d.k, d.v}, dx);
    if (!dx) return;
    g_.section("norms and residuals");
    g_.compute_into(g_.add(d_middle, norm.backward(g_, sums_, epsilon, d_norm)), dx);
}

// From the gradients of attention's input to those of what q, k and v gave: turned back and multiplied by the scale of
// the scores, through the norms, as matrices [n, n_rows].
AttentionInput LayerGraph::attention_input_backward(const LayerValues & v, const AttentionInput & d) {
    auto flat = [&](ggml_tensor * t) { return ggml_reshape_2d(g_.context(), t, t->ne[0] * t->ne[1], t->ne[2]); };
    const float scale = attention_shape().scale;
    ggml_tensor * dq = rope(d.q, batch_.inverse_positions(), scale);
    ggml_tensor * dk = rope(d.k, batch_.inverse_positions(), scale);
    return {flat(normalized_backward(v.plain_q, linear_.weights.query_norm, dq)),
            flat(normalized_backward(v.plain_k, linear_.weights.key_norm, dk)), flat(d.v)};
}

RmsNorm::RmsNorm(Graph & g, ggml_tensor * x, ggml_tensor * weight, float epsilon)
    : x(x), normalized(ggml_rms_norm(g.context(), x, epsilon)), weight(weight), y(g.mul(normalized, weight)) {}

// With n = x / rms: dx = (w dy - n mean(n w dy)) / rms.
ggml_tensor * RmsNorm::backward(Graph & g, const SumTensors & sums, float epsilon, ggml_tensor * dy) const {
    ggml_tensor * mean = sums.mean_of(x->ne[0]);
    ggml_tensor * d = g.mul(dy, weight);
    ggml_tensor * dot = g.mul_mat(mean, g.mul(normalized, d));         // [wide, …]
    ggml_tensor * square = g.mul_mat(mean, ggml_sqr(g.context(), x));  // [wide, …]
    ggml_tensor * rms = ggml_sqrt(g.context(), ggml_scale_bias(g.context(), square, 1, epsilon));
    return ggml_div(g.context(), g.sub(d, g.mul(normalized, dot)), rms);
}

}  // namespace isheep
