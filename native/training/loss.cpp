#include "training/loss.h"

#include "training/layer-graph.h"

#include <algorithm>
#include <cmath>

namespace isheep {
namespace {

constexpr size_t max_chunk_rows = 128;                 // more gains nothing
constexpr size_t max_chunk_bytes = (size_t) 32 << 20;  // of logits, for large vocabularies
constexpr size_t max_nodes = 64;

size_t chunk_rows_for(const Architecture & a) {
    const size_t fitting = max_chunk_bytes / (a.n_vocab * sizeof(float));
    return std::clamp<size_t>(fitting / row_padding * row_padding, row_padding, max_chunk_rows);
}

}  // namespace

LossHead::LossHead(Compute & compute, const Weights & weights, const SumTensors & sums)
    : compute_(compute),
      weights_(weights),
      sums_(sums),
      chunk_rows_(chunk_rows_for(weights.architecture())),
      store_(2) {
    logits_ = store_.add(GGML_TYPE_F32, weights.architecture().n_vocab, (int64_t) chunk_rows_);
    probabilities_ = store_.add(GGML_TYPE_F32, weights.architecture().n_vocab, (int64_t) chunk_rows_);
    store_.allocate(compute.buffer_type());
}

std::vector<double> LossHead::run(const ggml_tensor * x, const std::vector<LossRow> & rows, ggml_tensor * gradient,
                                  float scale) {
    const size_t row_bytes = (size_t) weights_.architecture().n_embd * sizeof(float);
    if (gradient) ggml_backend_tensor_memset(gradient, 0, 0, ggml_nbytes(gradient));
    std::vector<double> losses;
    for (size_t first = 0; first < rows.size(); first += chunk_rows_) {
        const size_t n = std::min(chunk_rows_, rows.size() - first);
        const std::vector<float> chunk = gather(x, &rows[first], n);
        forward(chunk, n);
        for (size_t i = 0; i < n; i++) losses.push_back(take_loss(i, rows[first + i].target));
        if (!gradient) continue;
        const std::vector<float> dx = backward(chunk, n, scale);
        for (size_t i = 0; i < n; i++) {
            ggml_backend_tensor_set(gradient, (const char *) dx.data() + i * row_bytes, rows[first + i].row * row_bytes,
                                    row_bytes);
        }
    }
    return losses;
}

std::vector<float> LossHead::logits(const ggml_tensor * x, const std::vector<int> & rows) {
    const size_t n_vocab = (size_t) weights_.architecture().n_vocab;
    std::vector<float> all(rows.size() * n_vocab);
    for (size_t first = 0; first < rows.size(); first += chunk_rows_) {
        const size_t n = std::min(chunk_rows_, rows.size() - first);
        std::vector<LossRow> chunk;
        for (size_t i = 0; i < n; i++) chunk.push_back({rows[first + i], 0});
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
    const Architecture & a = weights_.architecture();
    Graph g(compute_, max_nodes);
    ggml_tensor * input = g.input(a.n_embd, (int64_t) n, [&](float * values, int64_t from, int64_t to) {
        std::copy(x.begin() + from * a.n_embd, x.begin() + to * a.n_embd, values);
    });
    g.section("loss");
    const RmsNorm norm(g, input, weights_.output_norm(), a.rms_epsilon);
    ggml_tensor * logits = g.mul_mat(weights_.output().forward, norm.y);
    g.compute_into(logits, logits_);
    g.compute_into(ggml_soft_max(g.context(), logits), probabilities_);
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
    ggml_tensor * input = g.input(a.n_embd, (int64_t) n, [&](float * values, int64_t from, int64_t to) {
        std::copy(x.begin() + from * a.n_embd, x.begin() + to * a.n_embd, values);
    });
    g.section("loss");
    const RmsNorm norm(g, input, weights_.output_norm(), a.rms_epsilon);
    ggml_tensor * d_logits =
        ggml_view_2d(g.context(), probabilities_, a.n_vocab, (int64_t) n, probabilities_->nb[1], 0);
    ggml_tensor * d_norm = ggml_scale(g.context(), g.mul_mat(weights_.output().backward, d_logits), scale);
    ggml_tensor * dx = norm.backward(g, sums_, a.rms_epsilon, d_norm);
    g.output(dx);
    g.run();
    return get_floats(dx);
}

}  // namespace isheep
