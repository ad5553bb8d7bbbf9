#include "inference/embeddings.h"

#include "common/status.h"

#include <cmath>
#include <string>

namespace isheep {
namespace {

void check_request(const Model & model, const EmbedRequest & request, size_t index, size_t n_sequence_tokens) {
    const std::string where = "request " + std::to_string(index);
    const size_t n = request.tokens.size();
    if (request.n_before >= n) {
        throw Error(Code::bad_input, where + ": of " + std::to_string(n) + " tokens at least one must count; " +
                                         std::to_string(request.n_before) + " are left out");
    }
    model.check_tokens(request.tokens, where);
    if (n > n_sequence_tokens) {
        throw Error(Code::bad_input, where + ": it has " + std::to_string(n) + " tokens and a sequence holds " +
                                         std::to_string(n_sequence_tokens));
    }
}

// Of length 1. Throws where the sum has no finite length above 0.
std::vector<float> direction(const std::vector<double> & sum) {
    double squares = 0;
    for (double value : sum) squares += value * value;
    const double length = std::sqrt(squares);
    if (!std::isfinite(length) || length == 0) {
        throw Error(Code::native_failure, "the model gave vectors that are not finite",
                    "the model file may be damaged");
    }
    std::vector<float> unit(sum.size());
    for (size_t i = 0; i < sum.size(); i++) unit[i] = (float) (sum[i] / length);
    return unit;
}

class EmbedTask : public BatchTask {
public:
    EmbedTask(const BatchRunner & runner, const std::vector<EmbedRequest> & requests,
              const std::function<void(size_t)> & on_progress)
        : requests_(requests), on_progress_(on_progress), n_left_(requests.size()) {
        const size_t n_embd = (size_t) llama_model_n_embd_out(runner.model().get());
        sums_.assign(requests.size(), std::vector<double>(n_embd));
        for (size_t i = 0; i < requests.size(); i++) {
            check_request(runner.model(), requests[i], i, runner.options().n_sequence_tokens);
            n_left_[i] = n_rows(i);
        }
    }

    size_t n_requests() const override { return requests_.size(); }
    bool takes_embeddings() const override { return true; }
    const std::vector<int32_t> & tokens(size_t request) const override { return requests_[request].tokens; }
    // From the first token on, so that no beginning is taken over from another request: its vectors would be missing.
    size_t first_row(size_t) const override { return 0; }
    size_t n_rows(size_t request) const override { return requests_[request].tokens.size(); }
    bool is_finished(size_t request) const override { return n_left_[request] == 0; }

    void take_row(size_t request, size_t position, const float * vector, size_t) override {
        n_left_[request]--;
        if (position < requests_[request].n_before) return;
        std::vector<double> & sum = sums_[request];
        for (size_t i = 0; i < sum.size(); i++) sum[i] += vector[i];
    }

    void on_finished(size_t) override { on_progress_(++n_done_); }

    std::vector<std::vector<float>> vectors() const {
        std::vector<std::vector<float>> result;
        for (const std::vector<double> & sum : sums_) result.push_back(direction(sum));
        return result;
    }

private:
    const std::vector<EmbedRequest> & requests_;
    const std::function<void(size_t)> & on_progress_;
    std::vector<std::vector<double>> sums_;  // [n_requests][n_embd_out]
    std::vector<size_t> n_left_;             // rows not yet seen, of each request
    size_t n_done_ = 0;
};

}  // namespace

std::vector<std::vector<float>> embed(BatchRunner & runner, const std::vector<EmbedRequest> & requests,
                                      const std::function<void(size_t)> & on_progress) {
    EmbedTask task(runner, requests, on_progress);
    runner.run(task);
    return task.vectors();
}

}  // namespace isheep
