#include "training/loss.h"

#include "common/micro-kernel.h"
#include "training/layer-graph.h"
#include "training/matrix-product.h"

#include <algorithm>
#include <cmath>

namespace isheep {
namespace {

constexpr size_t max_nodes = 64;

// Rows of a chunk: as many as fit into so many bytes of logits, at most so many, beyond which more gain nothing. The
// micro-kernel packs the output matrix for each chunk, in both directions, so its chunks are larger: as many rows as
// gain something with a vocabulary of 262k, too. They have one buffer, not two.
size_t chunk_rows_for(const Architecture & a, bool packed) {
    const size_t most_rows = packed ? 256 : 128, most_bytes = (size_t) (packed ? 256 : 32) << 20;
    const size_t fitting = most_bytes / (a.n_vocab * sizeof(float));
    return std::clamp<size_t>(fitting / row_padding * row_padding, row_padding, most_rows);
}

// What the cross-entropy node reads and writes besides logits and gradient.
struct ChunkRows {
    const LossRow * rows;
    int64_t n_vocab;
    bool with_gradient;
    std::vector<double> losses;
};

// result, BF16: the gradients of the logits, each row where its logits are, which are read before they are overwritten.
void cross_entropy_rows(ggml_tensor * result, int ith, int nth, void * data) {
    ChunkRows & of = *(ChunkRows *) data;
    const ggml_tensor * logits = result->src[0];
    const auto [first, last] = part_of(logits->ne[1], ith, nth);
    for (int64_t i = first; i < last; i++) {
        Bf16 * gradient = (Bf16 *) ((char *) result->data + i * logits->nb[1]);
        of.losses[(size_t) i] = cross_entropy((const float *) ((const char *) logits->data + i * logits->nb[1]),
                                              of.n_vocab, of.rows[i].target, of.with_gradient ? gradient : nullptr);
    }
}

}  // namespace

LossHead::LossHead(Compute & compute, const Weights & weights, const SumTensors & sums)
    : compute_(compute),
      weights_(weights),
      sums_(sums),
      packed_(weights.is_packed()),
      chunk_rows_(chunk_rows_for(weights.architecture(), packed_)),
      store_(2) {
    logits_ = store_.add(GGML_TYPE_F32, weights.architecture().n_vocab, (int64_t) chunk_rows_);
    if (!packed_) probabilities_ = store_.add(GGML_TYPE_F32, weights.architecture().n_vocab, (int64_t) chunk_rows_);
    store_.allocate(compute.buffer_type());
}

std::vector<double> LossHead::run(const ggml_tensor * x, const std::vector<LossRow> & rows, ggml_tensor * gradient,
                                  float scale) {
    const size_t n_embd = (size_t) weights_.architecture().n_embd, row_bytes = n_embd * sizeof(float);
    if (gradient) ggml_backend_tensor_memset(gradient, 0, 0, ggml_nbytes(gradient));
    std::vector<double> losses;
    for (size_t first = 0; first < rows.size(); first += chunk_rows_) {
        const size_t n = std::min(chunk_rows_, rows.size() - first);
        const std::vector<float> chunk = gather(x, &rows[first], n);
        std::vector<float> dx;
        const std::vector<double> own = (this->*(packed_ ? &LossHead::run_packed : &LossHead::run_plain))(
            chunk, &rows[first], n, scale, gradient ? &dx : nullptr);
        losses.insert(losses.end(), own.begin(), own.end());
        for (size_t i = 0; gradient && i < n; i++) {
            float * row = dx.data() + i * n_embd;
            std::transform(row, row + n_embd, row, [weight = rows[first + i].weight](float v) { return v * weight; });
            ggml_backend_tensor_set(gradient, row, rows[first + i].row * row_bytes, row_bytes);
        }
    }
    return losses;
}

ggml_tensor * LossHead::input(Graph & g, const std::vector<float> & x, size_t n) const {
    const int64_t n_embd = weights_.architecture().n_embd;
    return g.input(n_embd, (int64_t) n, [&x, n_embd](float * values, int64_t from, int64_t to) {
        std::copy(x.begin() + from * n_embd, x.begin() + to * n_embd, values);
    });
}

// Into logits_. `x`: normalized.
ggml_tensor * LossHead::logits_of(Graph & g, ggml_tensor * x) {
    const Matrix & output = weights_.output();
    ggml_tensor * logits =
        packed_ ? product_sum(g, {{to_bf16(g, x), output.packed, Reading::across}}) : g.mul_mat(output.forward, x);
    g.compute_into(logits, logits_);
    return logits;
}

// The losses of a chunk, and its gradient where that is wanted, in one graph.
std::vector<double> LossHead::run_packed(const std::vector<float> & x, const LossRow * rows, size_t n, float scale,
                                         std::vector<float> * dx) {
    const Architecture & a = weights_.architecture();
    Graph g(compute_, max_nodes);
    g.section("loss");
    const RmsNorm norm(g, input(g, x, n), weights_.output_norm(), a.rms_epsilon);
    ggml_tensor * logits = logits_of(g, norm.y);
    ChunkRows * of =
        g.own(std::make_shared<ChunkRows>(ChunkRows{rows, a.n_vocab, dx != nullptr, std::vector<double>(n)}));
    ggml_tensor * d_logits = ggml_custom_4d(g.context(), GGML_TYPE_BF16, 2 * (int64_t) a.n_vocab, (int64_t) n, 1, 1,
                                            &logits, 1, cross_entropy_rows, GGML_N_TASKS_MAX, of);
    g.compute_into(d_logits, logits_);
    ggml_tensor * result = nullptr;
    if (dx) {
        d_logits = ggml_view_2d(g.context(), d_logits, a.n_vocab, (int64_t) n, d_logits->nb[1], 0);
        ggml_tensor * d_norm = product_sum(g, {{d_logits, weights_.output().packed, Reading::along}});
        result = norm.backward(g, sums_, a.rms_epsilon, ggml_scale(g.context(), d_norm, scale));
        g.output(result);
    }
    g.run();
    if (dx) *dx = get_floats(result);
    return of->losses;
}

std::vector<double> LossHead::run_plain(const std::vector<float> & x, const LossRow * rows, size_t n, float scale,
                                        std::vector<float> * dx) {
    std::vector<double> losses;
    forward(x, n);
    for (size_t i = 0; i < n; i++) losses.push_back(take_loss(i, rows[i].target));
    if (dx) *dx = backward(x, n, scale);
    return losses;
}

std::vector<float> LossHead::logits(const ggml_tensor * x, const std::vector<int> & rows) {
    const size_t n_vocab = (size_t) weights_.architecture().n_vocab;
    std::vector<float> all(rows.size() * n_vocab);
    for (size_t first = 0; first < rows.size(); first += chunk_rows_) {
        const size_t n = std::min(chunk_rows_, rows.size() - first);
        std::vector<LossRow> chunk;
        for (size_t i = 0; i < n; i++) chunk.push_back({rows[first + i], 0, 1});
        forward(gather(x, chunk.data(), n), n);
        ggml_backend_tensor_get(logits_, &all[first * n_vocab], 0, n * n_vocab * sizeof(float));
    }
    return all;
}

// The rows' numbers, one row after the other.
std::vector<float> LossHead::gather(const ggml_tensor * x, const LossRow * rows, size_t n) const {
    const size_t n_embd = (size_t) weights_.architecture().n_embd;
    std::vector<float> values(n * n_embd);
    for (size_t i = 0; i < n; i++) ggml_backend_tensor_get(x, &values[i * n_embd], rows[i].row * x->nb[1], x->nb[1]);
    return values;
}

void LossHead::forward(const std::vector<float> & x, size_t n) {
    Graph g(compute_, max_nodes);
    g.section("loss");
    const RmsNorm norm(g, input(g, x, n), weights_.output_norm(), weights_.architecture().rms_epsilon);
    ggml_tensor * logits = logits_of(g, norm.y);
    if (probabilities_) g.compute_into(ggml_soft_max(g.context(), logits), probabilities_);
    g.run();
}

// The loss of row i, and its probabilities turned into the gradient of its logits: p - 1 at the target, p elsewhere.
// log p is taken from p unless that has left the range where a float is precise; then from the logits, in double.
double LossHead::take_loss(size_t i, int32_t target) {
    constexpr float precise = 1e-30f;
    const size_t n_vocab = (size_t) weights_.architecture().n_vocab, offset = (i * n_vocab + target) * sizeof(float);
    float p = 0;
    ggml_backend_tensor_get(probabilities_, &p, offset, sizeof p);
    const float derivative = p - 1;
    ggml_backend_tensor_set(probabilities_, &derivative, offset, sizeof derivative);
    if (p > precise) return -std::log((double) p);
    std::vector<float> logits(n_vocab);
    ggml_backend_tensor_get(logits_, logits.data(), i * n_vocab * sizeof(float), n_vocab * sizeof(float));
    const double highest = *std::max_element(logits.begin(), logits.end());
    double sum = 0;
    for (float logit : logits) sum += std::exp(logit - highest);
    return highest + std::log(sum) - logits[target];
}

// -> d loss / dx of the chunk's rows, from the gradient of their logits.
std::vector<float> LossHead::backward(const std::vector<float> & x, size_t n, float scale) {
    const Architecture & a = weights_.architecture();
    Graph g(compute_, max_nodes);
    g.section("loss");
    const RmsNorm norm(g, input(g, x, n), weights_.output_norm(), a.rms_epsilon);
    ggml_tensor * d_logits =
        ggml_view_2d(g.context(), probabilities_, a.n_vocab, (int64_t) n, probabilities_->nb[1], 0);
    ggml_tensor * d_norm = ggml_scale(g.context(), g.mul_mat(weights_.output().backward, d_logits), scale);
    ggml_tensor * dx = norm.backward(g, sums_, a.rms_epsilon, d_norm);
    g.output(dx);
    g.run();
    return get_floats(dx);
}

}  // namespace isheep
