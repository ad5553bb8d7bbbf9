// Whether llama.cpp can follow a grammar. It takes some that make it recurse without end, or keep more readings of a
// text than memory holds, and a process does not survive that; so they are refused first.
#pragma once

#include "inference/gbnf.h"

namespace isheep {

// Throws Error(bad_input), naming the rule: for left recursion, also through items that may be empty; for more than a
// few thousand ways to begin a rule; for a repetition whose item ends in a repetition that begins alike, and for a rule
// that contains itself in two alternatives that begin alike, since the readings of a text then double with each
// character. A grammar can still be ambiguous in subtler ways; it then takes time and memory in proportion.
void check_grammar(const Grammar & grammar);

}  // namespace isheep
