#include "inference/leading-number.h"

#include <cstddef>

namespace isheep {
namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

}  // namespace

bool leading_number_is_known(const std::string & text) {
    size_t i = 0;
    const auto skip_digits = [&] {
        while (i < text.size() && is_digit(text[i])) i++;
    };
    for (; i < text.size() && !is_digit(text[i]); i++) {
        if (is_letter(text[i])) return true;
        if ((unsigned char) text[i] >= 0x80) return false;
    }
    skip_digits();
    if (i < text.size() && text[i] == '.') {
        if (++i == text.size()) return false;
        skip_digits();
    }
    return i < text.size();
}

}  // namespace isheep
