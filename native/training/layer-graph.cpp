#include "training/layer-graph.h"

#include <cmath>

namespace isheep {

LayerGraph::LayerGraph(Graph & graph, const Weights & weights, const SumTensors & sums, const BatchTensors & batch,
                       const Lora * lora, const Dropout * dropout, int layer)
    : g_(graph),
      weights_(weights),
      sums_(sums),
      batch_(batch),
      linear_{graph, weights.layer(layer), batch, lora, dropout, layer, {}} {}

AttentionShape LayerGraph::attention_shape() const {
    const Architecture & a = weights_.architecture();
    return {a.head_dim, a.n_heads, a.n_kv_heads, 1 / std::sqrt((float) a.head_dim), sums_.head_sum()};
}

// t [head_dim, n, n_rows], turned by positions and multiplied by `factor`.
ggml_tensor * LayerGraph::rope(ggml_tensor * t, ggml_tensor * positions, float factor) {
    const Architecture & a = weights_.architecture();
    constexpr int original_context = 0;  // these three belong to YaRN, which an extension factor of 0 turns off
    constexpr float extension = 0, beta_fast = 32, beta_slow = 1;
    return ggml_rope_ext(g_.context(), t, positions, weights_.rope_factors(), a.head_dim, a.rope_type, original_context,
                         a.rope_base, a.rope_scale, extension, factor, beta_fast, beta_slow);
}

LayerValues LayerGraph::values(ggml_tensor * x, const LayerValues * place) {
    const Architecture & a = weights_.architecture();
    const int64_t n_rows = x->ne[1];
    auto heads = [&](ggml_tensor * t, int n) { return ggml_reshape_3d(g_.context(), t, a.head_dim, n, n_rows); };
    LayerValues v;
    g_.section("norms and residuals");
    const RmsNorm norm(g_, x, linear_.weights.attention_norm, a.rms_epsilon);
    const std::vector<ggml_tensor *> qkv = linear_forward(linear_, InputGroup::qkv, norm.y);
    g_.section("attention");
    v.q = rope(heads(qkv[0], a.n_heads), batch_.positions(), 1);
    v.k = rope(heads(qkv[1], a.n_kv_heads), batch_.positions(), 1);
    v.v = heads(qkv[2], a.n_kv_heads);
    if (place) {
        g_.compute_into(v.q, place->q);
        g_.compute_into(v.k, place->k);
        g_.compute_into(qkv[2], place->v);
    }
    g_.section("attention");
    v.attention = attention_forward(g_, attention_shape(), batch_, {v.q, v.k, v.v}, place ? place->attention : nullptr);
    ggml_tensor * from_attention = linear_forward(linear_, InputGroup::o, v.attention)[0];
    g_.section("norms and residuals");
    v.middle = g_.add(x, from_attention);
    g_.section("norms and residuals");
    const RmsNorm middle_norm(g_, v.middle, linear_.weights.feed_forward_norm, a.rms_epsilon);
    const std::vector<ggml_tensor *> gate_up = linear_forward(linear_, InputGroup::gate_up, middle_norm.y);
    v.gate = gate_up[0];
    v.up = gate_up[1];
    if (place) {
        g_.compute_into(v.middle, place->middle);
        g_.compute_into(v.gate, place->gate);
        g_.compute_into(v.up, place->up);
    }
    return v;
}

void LayerGraph::forward(ggml_tensor * x, const LayerValues * kept, ggml_tensor * y) {
    const LayerValues v = values(x, kept);
    g_.section("SwiGLU");
    ggml_tensor * h = ggml_swiglu_split(g_.context(), v.gate, v.up);
    ggml_tensor * from_feed_forward = linear_forward(linear_, InputGroup::down, h)[0];
    g_.section("norms and residuals");
    g_.compute_into(g_.add(v.middle, from_feed_forward), y);
}

void LayerGraph::backward(ggml_tensor * x, const LayerValues * kept, ggml_tensor * dy, ggml_tensor * dx) {
    const float epsilon = weights_.architecture().rms_epsilon;
    const LayerValues v = kept ? *kept : values(x, nullptr);

    // y = middle + down(silu(gate) up)
    g_.section("SwiGLU");
    ggml_tensor * silu = ggml_silu(g_.context(), v.gate);
    ggml_tensor *dh = linear_backward(linear_, InputGroup::down, g_.mul(silu, v.up), {dy}), *d_gate, *d_up;
    g_.section("SwiGLU");
    swiglu_backward(v, silu, dh, d_gate, d_up);

    // gate and up of norm(middle)
    g_.section("norms and residuals");
    const RmsNorm middle_norm(g_, v.middle, linear_.weights.feed_forward_norm, epsilon);
    ggml_tensor * d_norm = linear_backward(linear_, InputGroup::gate_up, middle_norm.y, {d_gate, d_up});
    g_.section("norms and residuals");
    ggml_tensor * d_middle = g_.add(dy, middle_norm.backward(g_, sums_, epsilon, d_norm));

    // middle = x + o(attention(rope(q), rope(k), v))
    ggml_tensor * d_attention = linear_backward(linear_, InputGroup::o, v.attention, {d_middle});
    g_.section("attention");
    const AttentionInput d = attention_input_backward(
        attention_backward(g_, attention_shape(), batch_, {v.q, v.k, v.v}, v.attention, d_attention));

    // q, k and v of norm(x)
    g_.section("norms and residuals");
    const RmsNorm norm(g_, x, linear_.weights.attention_norm, epsilon);
    d_norm = linear_backward(linear_, InputGroup::qkv, norm.y, {d.q, d.k, d.v}, dx);
    if (!dx) return;
    g_.section("norms and residuals");
    g_.compute_into(g_.add(d_middle, norm.backward(g_, sums_, epsilon, d_norm)), dx);
}

// Turns the gradients of q and k back, times the scale of the scores, and makes matrices [n, n_rows] of all three.
AttentionInput LayerGraph::attention_input_backward(const AttentionInput & d) {
    auto flat = [&](ggml_tensor * t) { return ggml_reshape_2d(g_.context(), t, t->ne[0] * t->ne[1], t->ne[2]); };
    const float scale = attention_shape().scale;
    return {flat(rope(d.q, batch_.inverse_positions(), scale)), flat(rope(d.k, batch_.inverse_positions(), scale)),
            flat(d.v)};
}

// h = silu(gate) up: d up = dh silu, d gate = dh up silu'. ggml computes silu fast and its derivative not at all, so
// that comes from silu itself: silu'(g) = silu(g) (1 + g - silu(g)) / g.
void LayerGraph::swiglu_backward(const LayerValues & v, ggml_tensor * silu, ggml_tensor * dh, ggml_tensor *& d_gate,
                                 ggml_tensor *& d_up) {
    constexpr float tiny = 1e-20f;  // no division by an exact zero, which padding rows have, where dh is zero, too
    ggml_tensor * above = ggml_scale_bias(g_.context(), g_.sub(v.gate, silu), 1, 1);
    ggml_tensor * ratio = ggml_div(g_.context(), above, ggml_scale_bias(g_.context(), v.gate, 1, tiny));
    d_up = g_.mul(dh, silu);
    d_gate = g_.mul(g_.mul(d_up, v.up), ratio);
}

RmsNorm::RmsNorm(Graph & g, ggml_tensor * x, ggml_tensor * weight, float epsilon)
    : x(x), normalized(ggml_rms_norm(g.context(), x, epsilon)), weight(weight), y(g.mul(normalized, weight)) {}

// With n = x / rms: dx = (w dy - n mean(n w dy)) / rms.
ggml_tensor * RmsNorm::backward(Graph & g, const SumTensors & sums, float epsilon, ggml_tensor * dy) const {
    ggml_tensor * d = g.mul(dy, weight);
    ggml_tensor * dot = g.mul_mat(sums.embedding_mean(), g.mul(normalized, d));         // [wide, n_rows]
    ggml_tensor * square = g.mul_mat(sums.embedding_mean(), ggml_sqr(g.context(), x));  // [wide, n_rows]
    ggml_tensor * rms = ggml_sqrt(g.context(), ggml_scale_bias(g.context(), square, 1, epsilon));
    return ggml_div(g.context(), g.sub(d, g.mul(normalized, dot)), rms);
}

}  // namespace isheep
