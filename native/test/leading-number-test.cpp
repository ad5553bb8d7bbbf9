// When more text can no longer change the number that a text begins with.
#include "inference/leading-number.h"
#include "test/check.h"

#include <string>

using namespace isheep;
using isheep::test::check;

TEST("a leading number is known once something ends it, and not before") {
    for (const std::string text : {"8 ", "8\n", "10|", "8||why", "7. ", "7.5 ", "**9**", "\n\n3,", "8/10", "007a"}) {
        check(leading_number_is_known(text), "known: " + text);
    }
    for (const std::string text : {"", " ", "8", "1", "10", " 7.", "7.5", "\n", "**", "(", "- "}) {
        check(!leading_number_is_known(text), "not known: " + text);
    }
}

TEST("a letter settles that there is no leading number, a byte outside ASCII nothing") {
    check(leading_number_is_known("The"), "a word");
    check(leading_number_is_known(" _8"), "an underscore");
    check(!leading_number_is_known("\xC3\xA9 8 "), "a letter outside ASCII");
    check(!leading_number_is_known("\xC2\xA0"), "a space outside ASCII");
    check(leading_number_is_known("8\xC2\xA0"), "a number before a space outside ASCII");
}
