#include "inference/stop-strings.h"

#include <algorithm>
#include <iterator>

namespace isheep {
namespace {

struct Character {
    size_t length;  // of the valid part, at least 1
    bool valid;
    bool cut;  // valid so far, and the text ends before the character does
};

// The character that begins at text[i], by the table of well-formed sequences in the Unicode standard (chapter 3.9).
Character read_character(const std::string & text, size_t i) {
    const auto byte = [&](size_t k) { return (unsigned char) text[k]; };
    const unsigned char first = byte(i);
    if (first < 0x80) return {1, true, false};
    const size_t length = first >= 0xC2 && first <= 0xDF ? 2 : (first & 0xF0) == 0xE0 ? 3 : first >= 0xF0 && first <= 0xF4 ? 4 : 0;
    if (length == 0) return {1, false, false};
    for (size_t k = 1; k < length; k++) {
        if (i + k >= text.size()) return {k, false, true};
        unsigned char low = 0x80, high = 0xBF;
        if (k == 1 && first == 0xE0) low = 0xA0;   // overlong
        if (k == 1 && first == 0xED) high = 0x9F;  // surrogates
        if (k == 1 && first == 0xF0) low = 0x90;   // overlong
        if (k == 1 && first == 0xF4) high = 0x8F;  // above U+10FFFF
        if (byte(i + k) < low || byte(i + k) > high) return {k, false, false};
    }
    return {length, true, false};
}

}  // namespace

StopStrings::StopStrings(const std::vector<std::string> & stop) {
    std::copy_if(stop.begin(), stop.end(), std::back_inserter(stop_), [](const std::string & s) { return !s.empty(); });
}

size_t StopStrings::find(const std::string & text, size_t n_new) const {
    size_t earliest = std::string::npos;
    for (const std::string & stop : stop_) {
        const size_t reach = std::min(text.size(), n_new + stop.size() - 1);
        earliest = std::min(earliest, text.find(stop, text.size() - reach));
    }
    return earliest;
}

std::string to_utf8(const std::string & bytes) {
    std::string text;
    text.reserve(bytes.size());
    for (size_t i = 0; i < bytes.size();) {
        const Character character = read_character(bytes, i);
        if (character.cut) break;
        if (character.valid) text.append(bytes, i, character.length);
        else text += "\xEF\xBF\xBD";
        i += character.length;
    }
    return text;
}

}  // namespace isheep
