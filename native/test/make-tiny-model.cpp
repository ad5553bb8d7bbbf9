// make-tiny-model OUT SEED TYPE [--option value]…: writes a tiny random model (tiny-model.h) for tests.
#include "common/status.h"
#include "test/tiny-model.h"

#include <cstdio>
#include <functional>
#include <map>

using isheep::TinyModelOptions;

static TinyModelOptions parse(int argc, char ** argv) {
    TinyModelOptions options;
    auto number = [](int & field) { return [&field](const std::string & text) { field = std::stoi(text); }; };
    auto flag = [](bool & field) {
        return [&field](const std::string & text) { field = text != "0" && text != "false"; };
    };
    const std::map<std::string, std::function<void(const std::string &)>> known = {
        {"--width", number(options.width)},
        {"--feed-forward", number(options.feed_forward)},
        {"--layers", number(options.layers)},
        {"--heads", number(options.heads)},
        {"--kv-heads", number(options.kv_heads)},
        {"--context", number(options.context)},
        {"--experts", number(options.experts)},
        {"--tied", flag(options.tied)},
        {"--head-dim", number(options.head_dim)},
        {"--window", number(options.window)},
        {"--window-period", number(options.window_period)},
        {"--extra-tensor", [&](const std::string & text) { options.extra_tensor = text; }},
        {"--dequantized", flag(options.dequantized)},
        {"--rope-factors", flag(options.rope_factors)},
        {"--attention-bias", flag(options.attention_bias)},
        {"--chat-template", flag(options.chat_template)},
        {"--rope-scale", [&](const std::string & text) { options.rope_scale = std::stof(text); }},
        {"--architecture", [&](const std::string & text) { options.architecture = text; }},
    };
    options.seed = (uint32_t) std::stoul(argv[2]);
    options.type = isheep::type_by_name(argv[3]);
    for (int i = 4; i < argc; i += 2) {
        const auto found = known.find(argv[i]);
        if (found == known.end() || i + 1 == argc) {
            throw isheep::Error(isheep::Code::bad_config, std::string("unknown option, or no value: ") + argv[i]);
        }
        found->second(argv[i + 1]);
    }
    return options;
}

int main(int argc, char ** argv) {
    if (argc < 4) {
        std::fprintf(stderr, "usage: make-tiny-model OUT SEED TYPE [--option value]...\n");
        return 2;
    }
    try {
        isheep::write_tiny_model(argv[1], parse(argc, argv));
    } catch (const std::exception & error) {
        std::fprintf(stderr, "make-tiny-model: %s\n", error.what());
        return 1;
    }
    return 0;
}
