// Grammars: which are refused and why, that text keeps to the others, and that no text of a grammar ends the process.
#include "inference/grammar-filter.h"
#include "test/check.h"
#include "test/support.h"

#include <cmath>
#include <random>

using namespace isheep;
using namespace isheep::test;

namespace {

std::shared_ptr<Model> tiny_model() {
    static const std::shared_ptr<Model> model = Model::load(tiny_model_path({}), "cpu", true);
    return model;
}

// What a grammar makes of random logits: the text of at most n tokens, and whether it came to its end.
struct Written {
    std::string text;
    bool ended = false;
};

Written write(const std::string & grammar, uint32_t seed, int n, float end_bias = 0, float temperature = 1) {
    const Model & model = *tiny_model();
    GrammarFilter filter(model, grammar);
    std::mt19937 random(seed);
    std::normal_distribution<float> normal(0, 3);
    RandomStream stream(seed);
    SamplerScratch scratch;
    GrammarScratch grammar_scratch;
    std::vector<float> logits((size_t) model.info().n_vocab);
    Written written;
    for (int i = 0; i < n; i++) {
        for (float & logit : logits) logit = normal(random);
        for (int32_t end : model.info().end_tokens) logits[(size_t) end] += end_bias;
        const Sampled sampled = filter.sample(logits.data(), {temperature, 0, 1, 0}, stream, scratch, grammar_scratch);
        if (sampled.token < 0) break;
        check(std::isfinite(sampled.logprob) && sampled.logprob <= 1e-4, "the log-probability is one");
        if (model.is_end(sampled.token)) {
            written.ended = true;
            break;
        }
        model.append_piece(sampled.token, written.text);
    }
    return written;
}

void refused(const std::string & grammar, const std::string & why) {
    check_throws(Code::bad_input, why, [&] { GrammarFilter(*tiny_model(), grammar); });
}

const std::vector<std::string> good = {
    "root ::= \"a\"",
    "root ::= [0-9]+ (\".\" [0-9]{1,3})?",
    "# a list\nroot ::= item+\nitem ::= \"- \" [^\\n]+ \"\\n\"\n",
    "root ::= ws value ws\r\nvalue ::= object | array | \"x\"\nobject ::= \"{\" ws (pair (\",\" ws pair)*)? \"}\" ws\n"
    "pair ::= [a-z]+ \":\" ws value\narray ::= \"[\" ws (value (\",\" ws value)*)? \"]\" ws\nws ::= [ \\t\\n]*",
    "root ::= (expr \"=\" [a-z]+ \"\\n\")+\nexpr ::= term ([-+*/] term)*\nterm ::= [0-9]+ | \"(\" expr \")\"",
    "root ::= \"\" | .{0,5} [\\u00e4-\\U0001F600\\x41] \"\\\"\\\\\"",
    "root ::= (\"a\"\n | \"b\")\n",
    "root ::= |\n \"a\"",
};

}  // namespace

TEST("a grammar that cannot be read is refused with its line") {
    refused("", "no rule named root");
    refused("start ::= \"a\"", "no rule named root");
    refused("root ::= \"a\"\nroot ::= \"b\"", "line 2 of the grammar: the rule root is defined twice");
    refused("root ::= thing", "thing is used and not defined");
    refused("root ::= \"a", "ends within a literal");
    refused("root ::= [a", "ends within a literal or a class");
    refused("root ::= [z-a]", "ends before it begins");
    refused("root ::= []", "nothing between");
    refused("root ::= [^]", "nothing between");
    refused("root ::= (\"a\"", ") is expected");
    refused("root ::= \"a\" }", "\"}\" is not expected here");
    refused("root = \"a\"", "::= is expected");
    refused("root ::= *", "nothing to repeat");
    refused("root ::= \"\"+", "nothing to repeat");
    refused("root ::= \"a\"{2,1}", "largest number below its smallest");
    refused("root ::= \"a\"{99999999999999999999}", "at most 1999 repetitions");
    refused("root ::= (\"a\"{0,100} \"b\"){100}", "repetitions within repetitions");
    refused("root ::= \"\\q\"", "is followed by none of");
    refused("root ::= \"\\x4\"", "2 hexadecimal digits");
    refused("root ::= \"\\x00\" ", "no text has a character");
    refused("root ::= [\\uD800-\\uDFFF]", "no text has a character");
    refused("root ::= <|im_end|>", "tokens (<…>) are not supported");
    refused("root ::= !<[5]>", "tokens (<…>) are not supported");
    refused("root ::= \"\xC3\"", "not valid UTF-8");
    refused(std::string("root ::= \"a\"\0", 13), "a character of number 0");
    refused("root ::= " + std::string(100, '(') + "\"a\"" + std::string(100, ')'), "more than 64 deep");
    refused("root ::= \"" + std::string(70000, 'a') + "\"", "70011 bytes");
    refused("root ::= \"" + std::string(1000, 'a') + "\"{1000}", "too many elements");
    refused("root ::= " + std::string(101, 'r'), "longer than 100");
}

TEST("a grammar that llama.cpp could not follow is refused") {
    refused("root ::= root \"a\" | \"b\"", "left recursion");
    refused("root ::= a\na ::= b\nb ::= a", "left recursion");
    refused("root ::= e root \"y\" | \"x\"\ne ::= f\nf ::= \"\"", "left recursion");  // llama.cpp does not see this one
    refused("root ::= (\"a\"?)*", "left recursion");
    refused("root ::= ([a-z]+)+ \"!\"", "ends in a repetition which begins like the item");
    refused("root ::= (\" \"+ w)*\nw ::= \"x\" (\"y\" | [ ]*)", "ends in a repetition");
    refused("root ::= \"(\" root \")\" | \"(\" root \"]\" | \"x\"", "two alternatives that begin alike");
    refused("root ::= \"x\" root root \"z\" | \"\"", "the first may be empty");
    std::string wide = "root ::= r0\n", deep = "root ::= r0\n";
    for (int i = 0; i < 40; i++) {
        const std::string next = "r" + std::to_string(i + 1);
        wide += "r" + std::to_string(i) + " ::= " + next + " \"x\" | " + next + " \"y\"\n";
    }
    for (int i = 0; i < 3000; i++) deep += "r" + std::to_string(i) + " ::= r" + std::to_string(i + 1) + " \"x\"\n";
    refused(wide + "r40 ::= \"z\"", "too many ways");
    refused(deep + "r3000 ::= \"z\"", "nested too deep");
}

TEST("text keeps to its grammar, whatever the model wants") {
    for (const std::string & grammar : good) GrammarFilter(*tiny_model(), grammar);
    for (uint32_t seed = 0; seed < 20; seed++) {
        check_equal(write("root ::= \"yes\" | \"no\"", seed, 50).text.size() % 4 / 2, (size_t) 1, "yes or no");
        const Written number = write("root ::= [1-9] | \"10\"", seed, 50);
        check(number.ended, "a complete text ends");
        const int value = std::stoi(number.text);
        check(value >= 1 && value <= 10 && number.text == std::to_string(value), "a number from 1 to 10");
        const Written umlaut = write("root ::= [ä-ü]{3}", seed, 50);
        check_equal(umlaut.text.size(), (size_t) 6, "characters of several bytes");
        const Written greedy = write("root ::= [ab]+ \".\"", seed, 400, -100, 0);
        check_equal(greedy.text.find_first_not_of("ab."), std::string::npos, "at temperature 0, too");
    }
}

TEST("where the model has no token that the grammar allows, there is none") {
    const Model & model = *tiny_model();
    GrammarFilter filter(model, "root ::= \"a\"+");
    RandomStream stream(1);
    SamplerScratch scratch;
    GrammarScratch grammar_scratch;
    std::vector<float> logits((size_t) model.info().n_vocab, -INFINITY);
    logits[model.tokenize("b", false)[0]] = 1;
    const Sampling sampling = {1, 0, 1, 0};
    check_equal(filter.sample(logits.data(), sampling, stream, scratch, grammar_scratch).token, -1, "nothing allowed");
    const int32_t a = model.tokenize("a", false)[0];
    logits[a] = -90;
    const Sampled sampled = filter.sample(logits.data(), sampling, stream, scratch, grammar_scratch);
    check_equal(sampled.token, a, "the only allowed one");
    check_near(sampled.logprob, -91, 1e-3, "its log-probability under the model alone");
}

TEST("control tokens are no text to a grammar") {
    const Written written = write("root ::= \"<|im_start|>\" ", 3, 100);
    check_equal(written.text, std::string("<|im_start|>"), "spelled out");
    check_equal(write("root ::= .*", 5, 200, -1000).text.find("<|"), std::string::npos, "free text");
}

TEST("no text of a grammar ends the process") {
    std::mt19937 random(11);
    const auto below = [&](size_t n) { return (size_t) random() % n; };
    const std::string alphabet = "root::=ab \n\"\\[]^-(){}*+?|.,#0129xuUn<>!\xC3\xA4\r\t";
    int n_accepted = 0;
    for (int round = 0; round < 6000; round++) {
        std::string grammar = good[below(good.size())];
        for (size_t edits = 1 + below(3); edits > 0; edits--) {
            const size_t at = below(grammar.size() + 1);
            const size_t length = std::min(below(4), grammar.size() - at);
            const std::string & other = good[below(good.size())];
            const size_t from = below(other.size());
            const std::string piece =
                below(2) ? std::string(below(3), alphabet[below(alphabet.size())]) : other.substr(from, below(12));
            grammar.replace(at, length, piece);
        }
        try {
            write(grammar, (uint32_t) round, 12);
            n_accepted++;
        } catch (const Error & error) {
            check_equal(code_name(error.code), std::string("bad-input"), grammar);
            check(!std::strstr(error.what(), "llama.cpp does not take"), "both read the same: " + grammar);
        }
    }
    check(n_accepted > 300, std::to_string(n_accepted) + " of 6000 were accepted");
}
