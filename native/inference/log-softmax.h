// Exponentials and their sum over a row of logits, written so that a compiler vectorizes them: they run over the whole
// vocabulary for every generated and every scored token. (As calls of std::exp they would take a quarter of the time
// of a whole decoding step of a small model.)
#pragma once

#include <cstddef>

namespace isheep {

// The largest of `n` logits; -infinity if all are NaN.
float max_logit(const float * logits, size_t n);

// Numbers in a row whose exps are added up in single precision; the sums of these blocks are added up in double.
constexpr size_t exp_block_size = 1024;

// exps[i] = exp(scale * (logits[i] - max)), [n], exp(-87) where that or less; returns their sum. exps may be null: the
// sum alone. block_sums may be null, too: of every block the sum, [ceil(n / exp_block_size)]. Relative error of an exp
// below 2e-7, beside the rounding of its argument.
double exp_row(const float * logits, size_t n, float max, float scale, float * exps, float * block_sums = nullptr);

// log(sum(exp(logits))), in nats. Not finite if no logit is.
double log_sum_exp(const float * logits, size_t n);

}  // namespace isheep
