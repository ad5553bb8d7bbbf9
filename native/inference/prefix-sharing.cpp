#include "inference/prefix-sharing.h"

#include <algorithm>

namespace isheep {
namespace {

size_t common_prefix(const std::vector<int32_t> & a, const std::vector<int32_t> & b, size_t most) {
    const size_t n = std::min({a.size(), b.size(), most});
    return std::mismatch(a.begin(), a.begin() + n, b.begin()).first - a.begin();
}

}  // namespace

PrefixPlan plan_prefix(const std::vector<int32_t> & tokens, size_t n_usable, const std::vector<SequenceContent> & sequences) {
    PrefixPlan own;    // the free sequence that holds most of the prefix
    PrefixPlan best;   // any sequence that does
    size_t n_soon = 0; // the most that a sequence will hold once it has computed its prompt
    bool has_target = false;
    for (size_t s = 0; s < sequences.size(); s++) {
        const SequenceContent & content = sequences[s];
        const size_t common = content.tokens ? common_prefix(tokens, *content.tokens, n_usable) : 0;
        const size_t now = std::min(common, content.n_cached);
        if (!content.is_free) n_soon = std::max(n_soon, std::min(common, content.n_planned));
        if (content.is_free && (!has_target || now > own.n_shared)) {
            own.target = own.source = s;
            own.n_shared = now;
            has_target = true;
        }
        if (now > best.n_shared) {
            best.source = s;
            best.n_shared = now;
        }
    }
    const size_t n_now = std::max(own.n_shared, best.n_shared);
    if (n_soon >= n_now + min_gain) {
        own.waits = true;
        return own;
    }
    if (best.n_shared < own.n_shared + min_gain) return own;
    best.target = own.target;
    return best;
}

}  // namespace isheep
