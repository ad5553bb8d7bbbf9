// A text that goes round in circles: greedy and small models' texts often do, and never end then.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace isheep {

// Whether the last n_repeated of the tokens from `first` on stood before among them, one after the other; also where
// both places overlap. Never where n_repeated is 0.
bool ends_in_repetition(const std::vector<int32_t> & tokens, size_t first, size_t n_repeated);

}  // namespace isheep
