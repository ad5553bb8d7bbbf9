// Which sequence's cache begins with the tokens of a new request, so that they are not computed again. Knows tokens and
// counts; the batch runner does the copying.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace isheep {

// What one sequence holds: the first n_cached of `tokens` are in its cache; it will go on to compute the first
// n_planned of them. tokens is null where the sequence holds nothing.
struct SequenceContent {
    const std::vector<int32_t> * tokens = nullptr;
    size_t n_cached = 0;
    size_t n_planned = 0;
    bool is_free = true;
};

struct PrefixPlan {
    bool waits = false;      // a sequence is about to compute much of the prefix: start later, and copy
    size_t target = 0;       // the free sequence to start in
    size_t source = 0;       // the sequence to copy from; equal to target where its own cache is kept
    size_t n_shared = 0;     // tokens that need not be computed
};

// Copying a sequence's cache costs about as much as computing this many tokens of a small model; shorter shared prefixes
// are computed again.
constexpr size_t min_gain = 32;

// n_usable: how many of the request's tokens may come from a cache (the first token whose logits are needed must be
// computed). At least one sequence must be free.
PrefixPlan plan_prefix(const std::vector<int32_t> & tokens, size_t n_usable, const std::vector<SequenceContent> & sequences);

}  // namespace isheep
