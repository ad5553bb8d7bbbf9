// The number that a judge's answer begins with: when more text can no longer change it.
#pragma once

#include <string>

namespace isheep {

// Whether what a text begins with is settled: signs and white space, then a whole or decimal number and a character
// that ends it, or a letter, after which no number counts (src/stages/assess/parse-score.ts). Never where a byte
// outside ASCII stands before the number, since that may be a letter or a sign.
bool leading_number_is_known(const std::string & text);

}  // namespace isheep
