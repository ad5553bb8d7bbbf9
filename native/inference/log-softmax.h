// Exponentials and their sum over a row of logits, written so that a compiler vectorizes them: they run over the whole
// vocabulary for every generated and every scored token. (As calls of std::exp they would take a quarter of the time
// of a whole decoding step of a small model.)
#pragma once

#include <cstddef>

namespace isheep {

// The largest of `n` logits; -infinity if all are NaN.
float max_logit(const float * logits, size_t n);

// exps[i] = exp(scale * (logits[i] - max)), [n], exp(-87) where that or less; returns their sum, added up in double.
// exps may be null: the sum alone. Relative error of an exp below 2e-7, beside the rounding of its argument.
double exp_row(const float * logits, size_t n, float max, float scale, float * exps);

// log(sum(exp(logits))), in nats. Not finite if no logit is.
double log_sum_exp(const float * logits, size_t n);

}  // namespace isheep
