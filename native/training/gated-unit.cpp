#include "training/gated-unit.h"

namespace isheep {
namespace {

constexpr float tiny = 1e-20f;  // no division by an exact zero, which padding rows have, where dh is zero, too

// gelu(x) = x sigmoid(z) with z = w x and w = 2 sqrt(2 / pi) (1 + 0.044715 x^2): the tanh form, since
// (1 + tanh(z / 2)) / 2 = sigmoid(z). ggml's own operator reads a table of half floats on the CPU, in steps that no
// finite difference survives; silu is exact and fast there, and x sigmoid(z) = silu(z) / w.
constexpr float gelu_factor = 1.5957691216f;  // 2 sqrt(2 / pi)
constexpr float gelu_cubic = 0.044715f;

struct Gelu {
    ggml_tensor *w, *z, *silu;  // silu: of z
};

Gelu gelu_parts(Graph & g, ggml_tensor * x) {
    ggml_context * c = g.context();
    ggml_tensor * w = ggml_scale_bias(c, ggml_sqr(c, x), gelu_factor * gelu_cubic, gelu_factor);
    ggml_tensor * z = g.mul(w, x);
    return {w, z, ggml_silu(c, z)};
}

ggml_tensor * activated(Graph & g, Activation kind, ggml_tensor * gate) {
    if (kind == Activation::silu) return ggml_silu(g.context(), gate);
    const Gelu gelu = gelu_parts(g, gate);
    return ggml_div(g.context(), gelu.silu, gelu.w);
}

}  // namespace

ggml_tensor * gated_forward(Graph & g, Activation kind, ggml_tensor * gate, ggml_tensor * up) {
    if (kind == Activation::silu) return ggml_swiglu_split(g.context(), gate, up);
    return g.mul(activated(g, kind, gate), up);
}

GatedUnit::GatedUnit(Graph & g, Activation kind, ggml_tensor * gate, ggml_tensor * up)
    : kind_(kind), gate_(gate), up_(up), activated_(activated(g, kind, gate)), h_(g.mul(activated_, up)) {}

// d up = dh act, d gate = dh up act'.
GatedUnit::Gradients GatedUnit::backward(Graph & g, ggml_tensor * dh) const {
    ggml_tensor * d_up = g.mul(dh, activated_);
    if (kind_ == Activation::silu) return {g.mul(g.mul(d_up, up_), silu_ratio(g)), d_up};
    return {g.mul(g.mul(dh, up_), gelu_slope(g)), d_up};
}

// silu' / silu, out of silu itself, since ggml computes silu fast and its derivative not at all:
// silu'(x) = silu(x) (1 + x - silu(x)) / x.
ggml_tensor * GatedUnit::silu_ratio(Graph & g) const {
    ggml_tensor * above = ggml_scale_bias(g.context(), g.sub(gate_, activated_), 1, 1);
    return ggml_div(g.context(), above, ggml_scale_bias(g.context(), gate_, 1, tiny));
}

// gelu'(x) = s (1 + (1 - s) x z') with s = sigmoid(z) = silu(z) / z and x z' = 3 z - 2 factor x.
ggml_tensor * GatedUnit::gelu_slope(Graph & g) const {
    ggml_context * c = g.context();
    const Gelu gelu = gelu_parts(g, gate_);
    ggml_tensor * s = ggml_div(c, gelu.silu, ggml_scale_bias(c, gelu.z, 1, tiny));
    ggml_tensor * xz = g.sub(ggml_scale(c, gelu.z, 3), ggml_scale(c, gate_, 2 * gelu_factor));
    return g.mul(s, ggml_scale_bias(c, g.mul(ggml_scale_bias(c, s, -1, 1), xz), 1, 1));
}

}  // namespace isheep
