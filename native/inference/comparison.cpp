#include "inference/comparison.h"

#include "common/status.h"
#include "inference/log-softmax.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace isheep {
namespace {

constexpr size_t kept_bytes_max = 128u << 20;  // of rows of the first model that wait for those of the second

// Some rows of a request: after each of the tokens [begin, end), of which there is a row of logits.
struct Piece {
    size_t request;
    size_t begin, end;
    std::vector<int32_t> tokens;  // [end], the request's first ones
    size_t first_kept;            // its place among the kept rows
};

// Computes the rows of pieces and hands each to a function, together with its place among the kept rows.
class RowsTask : public BatchTask {
public:
    using TakeRow = std::function<void(const Piece &, size_t position, const float * logits, size_t place)>;

    RowsTask(const std::vector<Piece> & pieces, TakeRow take)
        : pieces_(pieces), n_left_(pieces.size()), take_(std::move(take)) {
        for (size_t i = 0; i < pieces.size(); i++) n_left_[i] = n_rows(i);
    }

    size_t n_requests() const override { return pieces_.size(); }
    const std::vector<int32_t> & tokens(size_t piece) const override { return pieces_[piece].tokens; }
    size_t first_row(size_t piece) const override { return pieces_[piece].begin; }
    size_t n_rows(size_t piece) const override { return pieces_[piece].end - pieces_[piece].begin; }
    bool is_finished(size_t piece) const override { return n_left_[piece] == 0; }
    void take_row(size_t piece, size_t position, const float * logits, size_t) override {
        take_(pieces_[piece], position, logits, pieces_[piece].first_kept + position - pieces_[piece].begin);
        n_left_[piece]--;
    }
    void on_finished(size_t) override {}

private:
    const std::vector<Piece> & pieces_;
    std::vector<size_t> n_left_;
    TakeRow take_;
};

double finite_log_sum(const float * logits, size_t n) {
    const double sum = log_sum_exp(logits, n);
    if (std::isfinite(sum)) return sum;
    throw Error(Code::native_failure, "the model gave logits that are not finite", "the model file may be damaged");
}

// KL(p || q) = sum of p (a - b) - log sum exp a + log sum exp b over logits a and b; exactly 0 for equal ones.
double divergence(const float * a, const float * b, size_t n, double log_sum_a, double log_sum_b,
                  std::vector<float> & exps) {
    const double sum = exp_row(a, n, max_logit(a, n), 1.0f, exps.data());
    double difference = 0;
    for (size_t i = 0; i < n; i++) difference += (double) exps[i] * ((double) a[i] - b[i]);
    return std::max(0.0, difference / sum - log_sum_a + log_sum_b);  // rounding may leave a little below 0
}

// The requests cut into pieces, so that the rows of one piece can be kept.
std::vector<Piece> cut(const std::vector<ScoreRequest> & requests, size_t n_rows_max) {
    std::vector<Piece> pieces;
    for (size_t i = 0; i < requests.size(); i++) {
        const std::vector<int32_t> & tokens = requests[i].tokens;
        for (size_t begin = requests[i].n_context - 1; begin + 1 < tokens.size(); begin += n_rows_max) {
            const size_t end = std::min(begin + n_rows_max, tokens.size() - 1);
            pieces.push_back({i, begin, end, {tokens.begin(), tokens.begin() + (std::ptrdiff_t) end}, 0});
        }
    }
    return pieces;
}

class Comparer {
public:
    Comparer(BatchRunner & first, BatchRunner & second, const std::vector<ScoreRequest> & requests)
        : first_(first),
          second_(second),
          requests_(requests),
          n_vocab_((size_t) first.model().info().n_vocab),
          found_(requests.size()) {
        for (size_t i = 0; i < requests.size(); i++) {
            const size_t n = requests[i].tokens.size() - requests[i].n_context;
            for (auto * values : {&found_[i].divergences, &found_[i].logprobs, &found_[i].other_logprobs})
                values->resize(n);
        }
    }

    size_t n_rows_max() const { return std::max<size_t>(1, kept_bytes_max / (n_vocab_ * sizeof(float))); }

    // The pieces' rows fit into n_rows_max().
    void compare(std::vector<Piece> & pieces) {
        size_t n_rows = 0;
        for (Piece & piece : pieces) {
            piece.first_kept = n_rows;
            n_rows += piece.end - piece.begin;
        }
        kept_.resize(std::max(kept_.size(), n_rows * n_vocab_));
        RowsTask keep(pieces, [this](const Piece &, size_t, const float * logits, size_t place) {
            std::copy_n(logits, n_vocab_, kept_.begin() + (std::ptrdiff_t) (place * n_vocab_));
        });
        first_.run(keep);
        RowsTask take(pieces, [this](const Piece & piece, size_t position, const float * logits, size_t place) {
            take_row(piece, position, kept_.data() + place * n_vocab_, logits);
        });
        second_.run(take);
    }

    std::vector<Comparison> found() { return std::move(found_); }

private:
    // May run on several threads at once, for different pieces.
    void take_row(const Piece & piece, size_t position, const float * a, const float * b) {
        std::vector<float> exps(n_vocab_);
        const double log_sum_a = finite_log_sum(a, n_vocab_), log_sum_b = finite_log_sum(b, n_vocab_);
        const int32_t token = requests_[piece.request].tokens[position + 1];
        const size_t i = position + 1 - requests_[piece.request].n_context;
        Comparison & found = found_[piece.request];
        found.divergences[i] = divergence(a, b, n_vocab_, log_sum_a, log_sum_b, exps);
        found.logprobs[i] = a[token] - log_sum_a;
        found.other_logprobs[i] = b[token] - log_sum_b;
    }

    BatchRunner & first_;
    BatchRunner & second_;
    const std::vector<ScoreRequest> & requests_;
    size_t n_vocab_;
    std::vector<Comparison> found_;
    std::vector<float> kept_;  // [rows][n_vocab] of the first model
};

void check_models(const BatchRunner & first, const BatchRunner & second) {
    const int32_t n_first = first.model().info().n_vocab, n_second = second.model().info().n_vocab;
    if (n_first == n_second) return;
    throw Error(Code::bad_input, "models of " + std::to_string(n_first) + " and " + std::to_string(n_second) +
                                     " tokens cannot be compared");
}

}  // namespace

std::vector<Comparison> compare(BatchRunner & first, BatchRunner & second, const std::vector<ScoreRequest> & requests,
                                const std::function<void(size_t)> & on_progress) {
    check_models(first, second);
    const size_t n_sequence_tokens = std::min(first.options().n_sequence_tokens, second.options().n_sequence_tokens);
    for (size_t i = 0; i < requests.size(); i++) check_score_request(first.model(), requests[i], i, n_sequence_tokens);
    Comparer comparer(first, second, requests);
    std::vector<Piece> chunk;
    size_t n_rows = 0;
    for (Piece & piece : cut(requests, comparer.n_rows_max())) {
        const size_t n = piece.end - piece.begin;
        if (n_rows + n > comparer.n_rows_max()) {
            comparer.compare(chunk);
            on_progress(piece.request);
            chunk.clear();
            n_rows = 0;
        }
        n_rows += n;
        chunk.push_back(std::move(piece));
    }
    if (!chunk.empty()) comparer.compare(chunk);
    on_progress(requests.size());
    return comparer.found();
}

}  // namespace isheep
