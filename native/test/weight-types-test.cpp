// Every type that weights are stored in: loss and gradient against those of the same weights, dequantized and stored as
// F32.
//
// What differs: a product with quantized weights first rounds what it multiplies to 8 bits a number, in blocks of 32
// (Q8_0, Q8_1) or 256 (Q8_K) with one scale. For numbers of a normal distribution the largest of a block is 2 to 3
// standard deviations, so that the step is about 1/50 of one and the rounding 1/200 (0.5 %) of a number. F16 and BF16
// round to 2^-11 and 2^-8. A product averages over its inputs but keeps that relative error, and the five to nine
// products that follow each other here, with the softmax between, bring it to 1 or 2 % of a logit. Losses average it
// out; gradients pass through the transposed weights, which are rounded to 8 bits, too. Measured: losses up to 0.09 %,
// gradients 1.3 to 3.1 % (printed below).
//
// The micro-kernel (common/micro-kernel.h) rounds all that it multiplies, weights of every type included, to BF16,
// whose 8 bits leave 0.1 % of a number on average, 0.2 % at most. Measured: losses up to 0.04 %, gradients up to 1.5 %.
#include "test/check.h"
#include "test/support.h"

#include <cmath>

using namespace isheep;
using namespace isheep::test;

namespace {

struct Tolerance {
    double loss, gradient;  // relative
};

Tolerance tolerance_of(ggml_type type, Graphs graphs) {
    if (type == GGML_TYPE_F32) return {1e-6, 1e-6};
    if (graphs == Graphs::packed) return {2e-3, 2e-2};
    switch (type) {
        case GGML_TYPE_F16:  return {1e-3, 5e-3};
        case GGML_TYPE_BF16: return {2e-3, 2e-2};
        default:             return {5e-3, 5e-2};
    }
}

// Types with blocks of 256 need a wide model: one small layer of it, since IQ1 and IQ2 are slow to make.
TinyModelOptions options_for(ggml_type type) {
    TinyModelOptions options;
    options.type = type;
    if (ggml_blck_size(type) == 256) {
        options.layers = 1;
        options.feed_forward = 256;
    }
    return options;
}

LossGradient computed(const TinyModelOptions & options, Graphs graphs) {
    TrainerSettings settings = tiny_settings(tiny_model_path(options));
    settings.graphs = graphs;
    if (graphs == Graphs::packed) settings.memory.copied = CopiedWeights::none;
    Trainer trainer(settings);
    randomize(trainer, 7);
    return trainer.gradient(random_samples({40, 90, 16}, 8));
}

void compare(TinyModelOptions options, Graphs graphs) {
    const std::string name = options.architecture + " " + ggml_type_name(options.type);
    const LossGradient found = computed(options, graphs);
    options.dequantized = true;
    const LossGradient exact = computed(options, Graphs::cpu);
    const double loss = std::fabs(found.loss - exact.loss) / exact.loss;
    const double gradient = relative_difference(found.gradient, exact.gradient);
    std::printf("     %s: loss %.1e, gradient %.1e\n", name.c_str(), loss, gradient);
    const Tolerance tolerance = tolerance_of(options.type, graphs);
    check(loss < tolerance.loss, name + ": the loss differs by " + std::to_string(loss));
    check(gradient < tolerance.gradient, name + ": the gradient differs by " + std::to_string(gradient));
}

}  // namespace

TEST("loss and gradient with every weight type are those of the same weights in F32") {
    for (ggml_type type : trainable_types) compare(options_for(type), Graphs::cpu);
}

TEST("loss and gradient by the micro-kernel with every weight type are those of the same weights in F32") {
    if (!has_micro_kernel_here()) return;
    for (ggml_type type : trainable_types) compare(options_for(type), Graphs::packed);
}

TEST("loss and gradient of every architecture with quantized weights are those of the same weights in F32") {
    for (const Features & features : trainable_architectures) {
        TinyModelOptions options = tiny_architecture(features.name);
        for (ggml_type type : {GGML_TYPE_Q8_0, GGML_TYPE_Q4_0}) {
            options.type = type;
            compare(options, Graphs::cpu);
            if (has_micro_kernel_here()) compare(options, Graphs::packed);
        }
    }
}

TEST("weights of a type that nothing multiplies are refused by its name") {
    TinyModelOptions options = options_for(GGML_TYPE_I32);
    check_throws(Code::unsupported_model, "tensor token_embd.weight is of type i32",
                 [&] { Trainer trainer(tiny_settings(tiny_model_path(options))); });
}
