// When a text has come to where it was before.
#include "inference/repetition.h"
#include "test/check.h"

#include <vector>

using namespace isheep;
using isheep::test::check;

TEST("a text repeats itself once so many of its last tokens stood before in it, and not before") {
    const std::vector<int32_t> text = {9, 1, 2, 3, 4, 1, 2, 3, 4};
    for (size_t n = 1; n <= text.size(); n++) {
        const std::vector<int32_t> part(text.begin(), text.begin() + (ptrdiff_t) n);
        check(ends_in_repetition(part, 0, 3) == (n == 8 || n == 9), "three of the first " + std::to_string(n));
    }
    check(ends_in_repetition(text, 0, 4), "four");
    check(!ends_in_repetition(text, 0, 5), "five, one of them new");
}

TEST("the prompt is no part of what is repeated") {
    const std::vector<int32_t> text = {1, 2, 3, 1, 2, 3};
    check(ends_in_repetition(text, 0, 3), "with it");
    check(!ends_in_repetition(text, 1, 3), "without its first token");
    check(!ends_in_repetition(text, 6, 3), "a prompt alone");
}

TEST("both places may overlap, and 0 tokens are never a repetition") {
    const std::vector<int32_t> text = {5, 7, 7, 7, 7};
    check(ends_in_repetition(text, 0, 3), "a token again and again");
    check(!ends_in_repetition(text, 0, 4), "one time too few");
    check(!ends_in_repetition(text, 0, 0), "none");
}
