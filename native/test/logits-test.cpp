// The trainer's own forward pass against llama.cpp's: the same logits, for every kind of weight, without an adapter and
// with one that training has just made. llama.cpp runs with an F32 cache and without repacked weights, so that both use
// the same products; what differs is the order of a few sums.
#include "test/check.h"
#include "test/support.h"

using namespace isheep;
using namespace isheep::test;

namespace {

void compare(const TinyModelOptions & options, double tolerance, int n_tokens = 75, Graphs graphs = Graphs::cpu) {
    TrainerSettings settings = tiny_settings(tiny_model_path(options));
    settings.graphs = graphs;
    settings.schedule.peak = 1e-2;
    Trainer trainer(settings);
    const std::vector<int32_t> tokens = random_samples({n_tokens}, 9)[0].tokens;
    const double base = relative_difference(trainer.logits(tokens), llama_logits(settings.model_path, "", tokens));
    check(base < tolerance, "the base's logits differ by " + std::to_string(base));

    const std::vector<float> before = trainer.logits(tokens);
    for (int i = 0; i < 3; i++) trainer.step(random_samples({30, 50}, 20 + i));
    const std::string adapter = temporary_path("logits-adapter.gguf");
    trainer.save_adapter(adapter, {});
    const std::vector<float> after = trainer.logits(tokens);
    const double change = relative_difference(after, before);
    const double trained = relative_difference(after, llama_logits(settings.model_path, adapter, tokens));
    check(trained < tolerance, "the adapter's logits differ by " + std::to_string(trained));
    check(change > 5 * trained, "training changed the logits by " + std::to_string(change));
    std::printf("     %s %s: %.1e without, %.1e with an adapter, which changed %.1e\n", options.architecture.c_str(),
                ggml_type_name(options.type), base, trained, change);
}

}  // namespace

TEST("logits agree with llama.cpp for float weights, tied and untied, with RoPE factors and scaling") {
    TinyModelOptions options;
    compare(options, 1e-5);
    options.tied = false;
    options.rope_factors = true;
    options.rope_scale = 2;
    options.seed = 2;
    compare(options, 1e-5);
    options.type = GGML_TYPE_BF16;
    compare(options, 5e-3);
    compare(options, 1e-2, 75, Graphs::packed);
    options.type = GGML_TYPE_F16;
    compare(options, 5e-3);
    compare(options, 1e-2, 75, Graphs::packed);  // rounds more than llama.cpp does: BF16 has 3 bits less
}

TEST("logits agree with llama.cpp for every architecture") {
    for (const char * name : {"qwen2", "qwen3"}) compare(tiny_architecture(name), 1e-5);
    TinyModelOptions biased;
    biased.attention_bias = true;
    compare(biased, 1e-5);
}

// llama.cpp's GELU reads a table of half floats (relative steps of 2^-11), ours does not.
TEST("logits of gemma3 agree with llama.cpp below, at and above its window, and without one") {
    TinyModelOptions options = tiny_architecture("gemma3");
    for (int n_tokens : {15, 20, 21, 75, 200}) compare(options, 1e-3, n_tokens);
    options.window_period = 0;
    compare(options, 1e-3);
    options.window = 0;
    options.rope_scale = 8;
    compare(options, 1e-3);
}

// A quantized product rounds what it multiplies to 8 bits: a difference in the last bit of a float can move a value to
// the next step, so the tolerance is that of the rounding, not of the floats. The micro-kernel rounds to BF16 instead,
// less than llama.cpp does: what differs is mostly llama.cpp's rounding.
TEST("logits agree with llama.cpp for quantized weights") {
    for (ggml_type type :
         {GGML_TYPE_Q8_0, GGML_TYPE_Q4_0, GGML_TYPE_Q4_1, GGML_TYPE_Q5_0, GGML_TYPE_Q5_1, GGML_TYPE_Q2_K,
          GGML_TYPE_Q3_K, GGML_TYPE_Q4_K, GGML_TYPE_Q5_K, GGML_TYPE_Q6_K, GGML_TYPE_IQ4_NL, GGML_TYPE_IQ4_XS}) {
        TinyModelOptions options;
        options.type = type;
        compare(options, 2e-2);
        compare(options, 3e-2, 75, Graphs::packed);
    }
}

TEST("logits agree with llama.cpp with rank-stabilized scaling") {
    TrainerSettings settings = tiny_settings(tiny_model_path({}));
    settings.lora.rank_stabilized = true;
    Trainer trainer(settings);
    randomize(trainer, 3);
    const std::vector<int32_t> tokens = random_samples({40}, 9)[0].tokens;
    const std::string adapter = temporary_path("stabilized.gguf");
    trainer.save_adapter(adapter, {});
    check(relative_difference(trainer.logits(tokens), llama_logits(settings.model_path, adapter, tokens)) < 1e-5,
          "logits agree");
}
