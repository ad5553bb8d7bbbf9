// Tokens are drawn as often as temperature, top-k, top-p and min-p say: against a plain sorting of the whole vocabulary.
#include "inference/sampler.h"
#include "test/check.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

using namespace isheep;
using namespace isheep::test;

namespace {

constexpr size_t n_vocab = 3000;
constexpr int n_draws = 60000;

// `spread`: standard deviation, in nats. Some logits are equal, the likeliest ones among them.
std::vector<float> random_logits(float spread, uint32_t seed) {
    std::mt19937 generator(seed);
    std::normal_distribution<float> normal(0, spread);
    std::vector<float> logits(n_vocab);
    for (float & logit : logits) logit = std::round(8 * normal(generator)) / 8;
    return logits;
}

// The probability of each token after the settings, by the definition: sort, cut, normalize.
std::vector<double> expected(const std::vector<float> & logits, const Sampling & sampling) {
    std::vector<double> p(n_vocab);
    const float max = *std::max_element(logits.begin(), logits.end());
    for (size_t i = 0; i < n_vocab; i++) p[i] = std::exp((logits[i] - max) / (double) sampling.temperature);
    std::vector<size_t> order(n_vocab);
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return p[a] > p[b]; });
    if (sampling.top_k > 0) order.resize(sampling.top_k);
    double total = 0;
    for (size_t i : order) total += p[i];
    std::vector<double> left(n_vocab, 0.0);
    double kept = 0;
    for (size_t i : order) {
        if (kept > 0 && (kept >= sampling.top_p * total || p[i] < sampling.min_p)) break;
        left[i] = p[i];
        kept += p[i];
    }
    for (double & value : left) value /= kept;
    return left;
}

void check_frequencies(const Sampling & sampling, float spread, const std::string & what) {
    const std::vector<float> logits = random_logits(spread, 5);
    const std::vector<double> p = expected(logits, sampling);
    std::vector<int> n_drawn(n_vocab, 0);
    SamplerScratch scratch;
    RandomStream random(11);
    for (int i = 0; i < n_draws; i++) n_drawn[sample(logits.data(), n_vocab, sampling, random, scratch).token]++;
    double chi_squared = 0;  // of tokens that are expected five times and more
    int n_cells = 0;
    for (size_t i = 0; i < n_vocab; i++) {
        check(p[i] > 0 || n_drawn[i] == 0, what + ": token " + std::to_string(i) + " is cut and was drawn");
        const double wanted = p[i] * n_draws;
        if (wanted < 5) continue;
        chi_squared += (n_drawn[i] - wanted) * (n_drawn[i] - wanted) / wanted;
        n_cells++;
    }
    // Mean n, standard deviation sqrt(2 n).
    check(chi_squared < n_cells + 5 * std::sqrt(2.0 * n_cells), what + ": chi-squared " + std::to_string(chi_squared) +
                                                                    " of " + std::to_string(n_cells) + " tokens");
}

}  // namespace

TEST("tokens are drawn as often as the settings say") {
    check_frequencies({1, 0, 1, 0}, 2, "all");
    check_frequencies({0.7f, 0, 1, 0}, 2, "temperature 0.7");
    check_frequencies({1, 0, 0.95f, 0}, 2, "top-p 0.95");
    check_frequencies({1, 0, 0.95f, 0}, 0.1f, "top-p 0.95, nearly even");
    check_frequencies({1, 0, 0.2f, 0}, 2, "top-p 0.2, which rejects most");
    check_frequencies({1, 0, 1, 0.05f}, 2, "min-p 0.05");
    check_frequencies({1.5f, 0, 0.9f, 0.02f}, 2, "temperature 1.5, top-p 0.9, min-p 0.02");
    check_frequencies({1, 40, 1, 0}, 2, "top-k 40");
    check_frequencies({1, 40, 0.9f, 0.01f}, 2, "top-k 40, top-p 0.9, min-p 0.01");
}
