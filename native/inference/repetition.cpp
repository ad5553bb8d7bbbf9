#include "inference/repetition.h"

#include <algorithm>

namespace isheep {

bool ends_in_repetition(const std::vector<int32_t> & tokens, size_t first, size_t n_repeated) {
    if (n_repeated == 0 || tokens.size() - first <= n_repeated) return false;
    const auto last = tokens.end() - (ptrdiff_t) n_repeated;
    return std::search(tokens.begin() + (ptrdiff_t) first, tokens.end() - 1, last, tokens.end()) != tokens.end() - 1;
}

}  // namespace isheep
