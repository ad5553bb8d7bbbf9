// The text of a completion as it grows, byte by byte, and the stop strings that end it.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace isheep {

class StopStrings {
public:
    // Empty stop strings are left out: they would end every text before it begins.
    explicit StopStrings(const std::vector<std::string> & stop);

    // Looks for a stop string that ends within the last `n_new` bytes of `text`, also where it began before them. The
    // position of the earliest one in the text, or npos.
    size_t find(const std::string & text, size_t n_new) const;

private:
    std::vector<std::string> stop_;
};

// `bytes` as valid UTF-8: a character that is cut off at the end is left out, any other byte that is not UTF-8 becomes
// U+FFFD.
std::string to_utf8(const std::string & bytes);

}  // namespace isheep
