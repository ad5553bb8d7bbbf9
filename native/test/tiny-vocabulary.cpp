#include "tiny-vocabulary.h"

namespace isheep {
namespace {

std::string utf8(int code_point) {  // below 0x800, which is all that GPT-2's byte table needs
    if (code_point < 0x80) return std::string(1, (char) code_point);
    return {(char) (0xC0 | (code_point >> 6)), (char) (0x80 | (code_point & 0x3F))};
}

// GPT-2 writes printable Latin-1 bytes as themselves and the others as the code points from 256 on.
std::vector<std::string> byte_texts() {
    std::vector<std::string> texts;
    int moved = 256;
    for (int byte = 0; byte < 256; byte++) {
        const bool printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte != 173);
        texts.push_back(utf8(printable ? byte : moved++));
    }
    return texts;
}

// Each pair is two tokens that exist by then; "_" stands for the space (token 32).
const std::vector<std::pair<std::string, std::string>> pairs = {
    {"_", "t"}, {"h", "e"}, {"_", "a"}, {"i", "n"}, {"r", "e"}, {"o", "n"}, {"_t", "he"}, {"e", "r"}, {"_", "s"},
    {"a", "t"}, {"_", "w"}, {"_", "o"}, {"e", "n"}, {"i", "t"}, {"i", "s"}, {"_", "c"}, {"o", "r"}, {"e", "s"},
    {"_", "b"}, {"a", "n"}, {"_", "f"}, {"_", "p"}, {"in", "g"}, {"e", "d"}, {"a", "l"}, {"_", "m"}, {"o", "u"},
    {"_a", "n"}, {"_an", "d"}, {"a", "r"}, {"_", "d"}, {"_o", "f"}, {"_t", "o"}, {"_", "h"}, {"i", "on"}, {"l", "e"},
    {"_", "n"}, {"i", "c"}, {"_", "l"}, {"_", "e"}, {"_", "r"}, {"s", "t"}, {"_", "g"}, {"o", "m"}, {"v", "e"},
    {"_", "in"}, {"l", "y"}, {"_", "y"}, {"_b", "e"}, {"u", "t"}, {"o", "t"}, {"a", "y"}, {"i", "d"}, {"_", "u"},
    {"_t", "h"}, {"_th", "at"}, {"_w", "h"}, {"_wh", "at"}, {"_y", "ou"}, {"c", "h"}, {"s", "h"},
};

std::string spelled(const std::string & text, const std::string & space) {
    return text[0] == '_' ? space + text.substr(1) : text;
}

}  // namespace

TinyVocabulary tiny_vocabulary() {
    TinyVocabulary vocabulary;
    vocabulary.tokens = byte_texts();
    const std::string space = vocabulary.tokens[32];
    for (const auto & [left, right] : pairs) {
        vocabulary.merges.push_back(spelled(left, space) + " " + spelled(right, space));
        vocabulary.tokens.push_back(spelled(left, space) + spelled(right, space));
    }
    vocabulary.types.assign(vocabulary.tokens.size(), 1);
    auto control = [&](const char * text) {
        vocabulary.tokens.push_back(text);
        vocabulary.types.push_back(3);
        return (int32_t) vocabulary.tokens.size() - 1;
    };
    vocabulary.end_of_text = control("<|endoftext|>");
    vocabulary.turn_start = control("<|im_start|>");
    vocabulary.turn_end = control("<|im_end|>");
    return vocabulary;
}

}  // namespace isheep
