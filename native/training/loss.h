// The end of the model: final norm, output matrix, cross-entropy of the tokens that follow, and its gradient. Only the
// rows that have a loss are multiplied, some at a time; logits of tokens x vocabulary never exist whole.
#pragma once

#include "training/batch-tensors.h"
#include "training/weights.h"

#include <vector>

namespace isheep {

struct LossRow {
    int row;         // of the micro-batch
    int32_t target;  // the token that should follow
    float weight;    // of its loss in the gradient
};

class LossHead {
public:
    LossHead(Compute & compute, const Weights & weights, const SumTensors & sums);

    // -log p(target) of each row in nats, from x [n_embd, n_rows], the output of the last layer. Where `gradient`
    // ([n_embd, n_rows]) is given, it becomes d(weighted sum of losses) / dx times `scale`, zero in rows without a
    // loss.
    std::vector<double> run(const ggml_tensor * x, const std::vector<LossRow> & rows, ggml_tensor * gradient,
                            float scale);

    size_t bytes() const { return store_.bytes(); }

    // Logits of the given rows, n_vocab each, row after row.
    std::vector<float> logits(const ggml_tensor * x, const std::vector<int> & rows);

private:
    ggml_tensor * input(Graph & g, const std::vector<float> & x, size_t n) const;
    std::vector<float> gather(const ggml_tensor * x, const LossRow * rows, size_t n) const;
    std::vector<double> run_packed(const std::vector<float> & x, const LossRow * rows, size_t n, float scale,
                                   std::vector<float> * dx);
    std::vector<double> run_plain(const std::vector<float> & x, const LossRow * rows, size_t n, float scale,
                                  std::vector<float> * dx);
    ggml_tensor * logits_of(Graph & g, ggml_tensor * x);
    void forward(const std::vector<float> & x, size_t n);
    std::vector<float> backward(const std::vector<float> & x, size_t n, float scale);
    double take_loss(size_t i, int32_t target);

    Compute & compute_;
    const Weights & weights_;
    const SumTensors & sums_;
    bool packed_;  // products and softmax by the micro-kernel
    size_t chunk_rows_;
    TensorStore store_;
    // Of the current chunk, [n_vocab, chunk_rows]. The second becomes the gradient of the logits; where they are
    // packed, that lies in BF16 where the logits were, and there is no second.
    ggml_tensor * logits_;
    ggml_tensor * probabilities_ = nullptr;
};

}  // namespace isheep
