#include "inference/log-probabilities.h"

#include "common/status.h"
#include "inference/log-softmax.h"

#include <cmath>
#include <string>

namespace isheep {

void check_score_request(const Model & model, const ScoreRequest & request, size_t index, size_t n_sequence_tokens) {
    const std::string where = "request " + std::to_string(index);
    if (request.n_context < 1 || request.n_context > request.tokens.size()) {
        throw Error(Code::bad_input, where + ": the context must have at least 1 token and at most all " +
                                         std::to_string(request.tokens.size()) + "; it has " +
                                         std::to_string(request.n_context));
    }
    if (request.n_places < 1 || request.n_places > request.tokens.size() - request.n_context + 1) {
        throw Error(Code::bad_input, where + ": next is wanted at 1 to " +
                                         std::to_string(request.tokens.size() - request.n_context + 1) +
                                         " places, not at " + std::to_string(request.n_places));
    }
    model.check_tokens(request.tokens, where);
    model.check_tokens(request.next, where + ", next");
    if (request.tokens.size() > n_sequence_tokens) {
        throw Error(Code::bad_input, where + ": it has " + std::to_string(request.tokens.size()) +
                                         " tokens and a sequence holds " + std::to_string(n_sequence_tokens));
    }
}

namespace {

class ScoreTask : public BatchTask {
public:
    ScoreTask(const BatchRunner & runner, const std::vector<ScoreRequest> & requests,
              const std::function<void(size_t)> & on_progress)
        : n_vocab_(runner.model().info().n_vocab),
          requests_(requests),
          on_progress_(on_progress),
          scores_(requests.size()),
          n_left_(requests.size()) {
        for (size_t i = 0; i < requests.size(); i++) {
            check_score_request(runner.model(), requests[i], i, runner.options().n_sequence_tokens);
            n_left_[i] = n_rows(i);
            scores_[i].logprobs.reserve(requests[i].tokens.size() - requests[i].n_context);
        }
    }

    size_t n_requests() const override { return requests_.size(); }
    const std::vector<int32_t> & tokens(size_t request) const override { return requests_[request].tokens; }
    size_t first_row(size_t request) const override { return requests_[request].n_context - 1; }
    size_t n_rows(size_t request) const override {
        const ScoreRequest & r = requests_[request];
        return r.tokens.size() - r.n_context + (r.next.empty() ? 0 : 1);
    }
    bool is_finished(size_t request) const override { return n_left_[request] == 0; }

    void take_row(size_t request, size_t position, const float * logits, size_t) override {
        const ScoreRequest & r = requests_[request];
        const double log_sum = log_sum_exp(logits, n_vocab_);
        if (!std::isfinite(log_sum)) {
            throw Error(Code::native_failure, "the model gave logits that are not finite",
                        "the model file may be damaged");
        }
        if (position + 1 < r.tokens.size()) {
            scores_[request].logprobs.push_back(logits[r.tokens[position + 1]] - log_sum);
        }
        if (position + r.n_places >= r.tokens.size()) {
            for (int32_t token : r.next) scores_[request].next_logprobs.push_back(logits[token] - log_sum);
        }
        n_left_[request]--;
    }

    void on_finished(size_t) override { on_progress_(++n_done_); }

    std::vector<Score> take_scores() { return std::move(scores_); }

private:
    size_t n_vocab_;
    const std::vector<ScoreRequest> & requests_;
    const std::function<void(size_t)> & on_progress_;
    std::vector<Score> scores_;
    std::vector<size_t> n_left_;  // rows not yet seen, of each request
    size_t n_done_ = 0;
};

}  // namespace

std::vector<Score> score(BatchRunner & runner, const std::vector<ScoreRequest> & requests,
                         const std::function<void(size_t)> & on_progress) {
    ScoreTask task(runner, requests, on_progress);
    runner.run(task);
    return task.take_scores();
}

}  // namespace isheep
