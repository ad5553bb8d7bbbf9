#include "inference/sampler.h"

#include "common/status.h"
#include "inference/log-softmax.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace isheep {
namespace {

constexpr uint64_t golden_gamma = 0x9E3779B97F4A7C15u;

uint64_t mix(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

// The first token at which the running sum of exps passes `target`.
int32_t draw(const SamplerScratch & scratch, size_t n, double target) {
    const size_t n_blocks = scratch.block_sums.size();
    size_t block = 0;
    while (block + 1 < n_blocks && target >= scratch.block_sums[block]) target -= scratch.block_sums[block++];
    const size_t end = std::min(n, (block + 1) * exp_block_size);
    size_t last = block * exp_block_size;  // the token that is meant where rounding hides the end of the sum
    for (size_t i = last; i < end; i++) {
        if (scratch.exps[i] > 1e-6f) last = i;
        target -= scratch.exps[i];
        if (target < 0) return (int32_t) i;
    }
    return (int32_t) last;
}

// The sum of those of exps[begin, end) that are above `floor`, or equal where `or_equal`.
double sum_above(const float * exps, size_t begin, size_t end, float floor, bool or_equal) {
    constexpr size_t n_lanes = 16;  // independent sums, which the compiler keeps in vector registers
    // The next number above `floor` makes one loop of both kinds.
    const float least = or_equal ? floor : std::nextafter(floor, std::numeric_limits<float>::infinity());
    double sum = 0;
    for (size_t i = begin; i < end;) {
        const size_t stop = std::min(end, i + exp_block_size);
        float lanes[n_lanes] = {};
        for (; i + n_lanes <= stop; i += n_lanes) {
            for (size_t j = 0; j < n_lanes; j++) lanes[j] += exps[i + j] >= least ? exps[i + j] : 0.0f;
        }
        for (; i < stop; i++) lanes[0] += exps[i] >= least ? exps[i] : 0.0f;
        for (float lane : lanes) sum += lane;
    }
    return sum;
}

// Whether top-p and min-p leave the token. `enough`: the sum of exps that top-p keeps.
bool is_left(const float * exps, size_t n, int32_t token, double enough, float min_p) {
    const float own = exps[token];
    const double likelier = sum_above(exps, 0, token, own, true) + sum_above(exps, token + 1, n, own, false);
    return likelier == 0 || (likelier < enough && own >= min_p);
}

void gather(const float * exps, size_t n, float floor, std::vector<int32_t> & choices) {
    choices.clear();
    for (size_t i = 0; i < n; i++) {
        if (exps[i] >= floor) choices.push_back((int32_t) i);
    }
}

// Candidates for `choose`: all tokens that may be chosen, and few more.
void gather_candidates(const float * exps, size_t n, double total, const Sampling & sampling,
                       std::vector<int32_t> & choices) {
    if (sampling.top_k <= 0) {
        // All tokens below the first bound together are less than what top-p leaves out; 0.99 is for rounding.
        const double bound = 0.99 * (1.0 - sampling.top_p) * total / (double) n;
        gather(exps, n, std::max((float) bound, sampling.min_p), choices);
        return;
    }
    const size_t enough = std::min((size_t) sampling.top_k, n);
    for (float floor : {1e-3f, 1e-5f, 1e-7f, 0.0f}) {
        gather(exps, n, floor, choices);
        if (choices.size() >= enough) return;
    }
}

// How many of `choices`, likeliest first, top-p and min-p leave (at least one); `kept`: the sum of their exps.
size_t cut(const float * exps, const std::vector<int32_t> & choices, double enough, float min_p, double & kept) {
    size_t n_kept = 0;
    kept = 0;
    for (int32_t token : choices) {
        if (n_kept > 0 && (kept >= enough || exps[token] < min_p)) break;
        kept += exps[token];
        n_kept++;
    }
    return n_kept;
}

// Puts the tokens that top-k, top-p and min-p leave into `choices`, likeliest first (lowest id first among equals), and
// returns the sum of their exps. exps: [n], relative to the likeliest token's 1; total: their sum.
double choose(const float * exps, size_t n, double total, const Sampling & sampling, std::vector<int32_t> & choices) {
    gather_candidates(exps, n, total, sampling, choices);
    const auto less_likely = [exps](int32_t a, int32_t b) { return exps[a] != exps[b] ? exps[a] < exps[b] : a > b; };
    std::make_heap(choices.begin(), choices.end(), less_likely);

    // A heap gives the likeliest first, so only as much is sorted as is needed. The ones taken out gather at the end,
    // in rising order.
    const bool has_top_k = sampling.top_k > 0;
    const size_t most = has_top_k ? std::min((size_t) sampling.top_k, choices.size()) : choices.size();
    auto end = choices.end();
    double sum = 0;
    for (size_t taken = 0; taken < most; taken++) {
        std::pop_heap(choices.begin(), end, less_likely);
        sum += exps[*--end];
        if (!has_top_k && sum >= sampling.top_p * total) break;
    }
    choices.erase(choices.begin(), end);
    std::reverse(choices.begin(), choices.end());

    double kept;  // of what top-k has left, top-p keeps its share
    choices.resize(cut(exps, choices, sampling.top_p * (has_top_k ? sum : total), sampling.min_p, kept));
    return kept;
}

// Tokens drawn from all until one is drawn that top-p and min-p leave: as likely as drawing among these only, and much
// cheaper than finding them all, since few are rejected. Where they cut so much that many would be, finds them.
constexpr float coldest = 1e-30f;  // below it 1 / temperature is no number, and the likeliest token as sure as at 0
constexpr int most_rejections = 8;

int32_t sample_choice(size_t n, double total, const Sampling & sampling, RandomStream & random,
                      SamplerScratch & scratch) {
    const float * exps = scratch.exps.data();
    if (sampling.top_k <= 0) {
        const bool cuts = sampling.top_p < 1 || sampling.min_p > 0;
        for (int i = 0; i < most_rejections; i++) {
            const int32_t token = draw(scratch, n, random.next() * total);
            if (!cuts || is_left(exps, n, token, sampling.top_p * total, sampling.min_p)) return token;
        }
    }
    double left = random.next() * choose(exps, n, total, sampling, scratch.choices);
    for (int32_t token : scratch.choices) {
        left -= exps[token];
        if (left < 0) return token;
    }
    return scratch.choices.back();
}

}  // namespace

RandomStream::RandomStream(uint32_t seed) : state_(mix(seed + golden_gamma)) {}

double RandomStream::next() {
    state_ += golden_gamma;
    return (double) (mix(state_) >> 11) * 0x1.0p-53;
}

Sampled sample(const float * logits, size_t n, const Sampling & sampling, RandomStream & random,
               SamplerScratch & scratch) {
    const float max = max_logit(logits, n);
    if (!std::isfinite(max)) {
        throw Error(Code::native_failure, "the model gave logits that are not finite", "the model file may be damaged");
    }
    scratch.exps.resize(n);
    scratch.block_sums.resize((n + exp_block_size - 1) / exp_block_size);
    int32_t token;
    double total;  // of exp(logit - max), for the log-probability
    if (sampling.temperature <= coldest) {
        total = exp_row(logits, n, max, 1.0f, nullptr);
        token = (int32_t) (std::find(logits, logits + n, max) - logits);
    } else {
        const double heated =
            exp_row(logits, n, max, 1.0f / sampling.temperature, scratch.exps.data(), scratch.block_sums.data());
        total = sampling.temperature == 1 ? heated : exp_row(logits, n, max, 1.0f, nullptr);
        token = sample_choice(n, heated, sampling, random, scratch);
    }
    return {token, (double) logits[token] - max - std::log(total)};
}

}  // namespace isheep
