// Memory is planned before it is taken, and what is chosen by it changes the numbers no more than rounding does.
#include "common/status.h"
#include "test/check.h"
#include "test/support.h"

#include <cmath>
#include <cstdio>
#include <stdexcept>

using namespace isheep;
using namespace isheep::test;

namespace {

std::vector<float> gradient_with(ggml_type type, CopiedWeights copied, Graphs graphs = Graphs::cpu) {
    TinyModelOptions options;
    options.type = type;
    TrainerSettings settings = tiny_settings(tiny_model_path(options));
    settings.graphs = graphs;
    settings.memory.copied = copied;
    Trainer trainer(settings);
    randomize(trainer, 7);
    return trainer.gradient(random_samples({40, 90, 12}, 8)).gradient;
}

Error refusal(const TrainerSettings & settings) {
    try {
        forecast_memory(settings);
    } catch (const Error & error) {
        return error;
    }
    throw std::runtime_error("nothing was refused");
}

}  // namespace

// F32 is copied as it is. Elsewhere a transposed matrix that is made anew is rounded to 8 bits by other code, which may
// round a half the other way, and a copy for the forward product may be an 8-bit one or have a kernel that adds up in
// another order: the gradient moves by what 8 bits of weights and activations leave of it, a few hundredths.
TEST("gradients are the same whichever weights are copied, up to the rounding of the copies") {
    check_equal(relative_difference(gradient_with(GGML_TYPE_F32, CopiedWeights::none),
                                    gradient_with(GGML_TYPE_F32, CopiedWeights::transposed)),
                0.0, "F32");
    for (ggml_type type : {GGML_TYPE_BF16, GGML_TYPE_Q8_0, GGML_TYPE_Q4_0, GGML_TYPE_Q4_1, GGML_TYPE_Q4_K,
                           GGML_TYPE_Q6_K, GGML_TYPE_IQ4_XS}) {
        const std::vector<float> transposed = gradient_with(type, CopiedWeights::transposed);
        const double anew = relative_difference(gradient_with(type, CopiedWeights::none), transposed);
        const double all = relative_difference(gradient_with(type, CopiedWeights::all), transposed);
        std::printf("     %s: %.1e made anew, %.1e all copied\n", ggml_type_name(type), anew, all);
        check(anew < 0.02, "made anew it differs by " + std::to_string(anew));
        check(all < 0.1, "with all copies it differs by " + std::to_string(all));
        const double packed = relative_difference(gradient_with(type, CopiedWeights::none, Graphs::packed), transposed);
        check(packed < 0.05, "by the micro-kernel it differs by " + std::to_string(packed));
    }
}

TEST("a limit on memory decides what is copied and kept, down to an error that names the longest that fits") {
    TrainerSettings settings = tiny_settings(tiny_model_path({}));
    settings.graphs = Graphs::cpu;
    settings.memory.copied.reset();
    settings.longest_sample = 400;
    const MemoryPlan unlimited = Trainer(settings).memory_plan();
    check(unlimited.copied == CopiedWeights::all, "all copies without a limit");
    settings.memory.keep_activations = false;
    const MemoryPlan recomputed = Trainer(settings).memory_plan();
    check(recomputed.activations < unlimited.activations, "kept activations take memory");
    settings.memory.keep_activations.reset();

    settings.memory.bytes = recomputed.total();
    const MemoryPlan smaller = Trainer(settings).memory_plan();
    check(smaller.total() <= settings.memory.bytes, "the limit holds");
    settings.memory.bytes = recomputed.total() - recomputed.copies / 2;
    check(Trainer(settings).memory_plan().copied == CopiedWeights::none, "fewer copies below");

    settings.memory.copied = CopiedWeights::none;
    settings.memory.keep_activations = false;
    settings.memory.bytes = 0;
    settings.memory.bytes = forecast_memory(settings).total();
    settings.longest_sample = 4000;
    const Error refused = refusal(settings);
    check(refused.code == Code::not_enough_memory, "the code");
    check(std::string(refused.what()).find("up to 4000 tokens") != std::string::npos, refused.what());
    int longest = 0;
    check(std::sscanf(refused.hint.c_str(), "the longest that fits has %d tokens", &longest) == 1, refused.hint);
    // Graphs of neighbouring lengths may differ by a little in either direction.
    check(longest > 300 && longest <= 400, "about the length that the limit was made for: " + refused.hint);
    settings.longest_sample = longest;
    check(forecast_memory(settings).total() <= settings.memory.bytes, "the length that is named fits");
    check(forecast_memory(settings).total() <= settings.memory.bytes, "the length that is named fits");
}

TEST("a forecast is the plan of the trainer that is made, whatever is copied and kept") {
    for (const char * architecture : {"llama", "gemma3"}) {
        TinyModelOptions options = tiny_architecture(architecture);
        options.type = GGML_TYPE_Q8_0;
        TrainerSettings settings = tiny_settings(tiny_model_path(options));
        settings.longest_sample = 300;
        for (CopiedWeights copied : {CopiedWeights::none, CopiedWeights::transposed, CopiedWeights::all}) {
            settings.memory.copied = copied;
            const MemoryPlan forecast = forecast_memory(settings), plan = Trainer(settings).memory_plan();
            check(forecast.copied == copied, name_of(copied));
            check_equal((double) forecast.total(), (double) plan.total(), "all of it");
            check_equal((double) forecast.activations, (double) plan.activations, "activations");
        }
    }
}

// What is planned of a micro-batch is described, so a length that no machine has the memory for can be asked.
TEST("a forecast of an absurd length takes no memory and is refused with a length that fits") {
    TrainerSettings settings = tiny_settings(tiny_model_path({}));
    settings.longest_sample = 200'000;  // masks of 160 GB
    settings.memory.bytes = (size_t) 2 << 30;
    settings.memory.process = (size_t) 100 << 20;
    const Error refused = refusal(settings);
    check(refused.code == Code::not_enough_memory, refused.what());
    check(refused.hint.find("the longest that fits") == 0, refused.hint);
}

TEST("an adapter that does not fit is refused before it is begun, by its true size") {
    TinyModelOptions options;
    options.type = GGML_TYPE_Q8_0;
    TrainerSettings settings = tiny_settings(tiny_model_path(options));
    settings.lora.rank = 20;
    Trainer trainer(settings);
    const Weights weights(settings.model_path, trainer.compute());
    const double own = (double) trainer.lora().bytes(), known = (double) adapter_bytes(settings.lora, weights);
    check(std::abs(own - known) < 0.02 * own, std::to_string(known) + " of " + std::to_string(own));
    settings.memory.process = (size_t) 1 << 20;
    settings.memory.bytes = (size_t) 2 << 20;
    settings.lora.rank = 1 << 20;  // of terabytes
    const Error refused = refusal(settings);
    check(refused.code == Code::not_enough_memory, refused.what());
    check(std::string(refused.what()).find("an adapter of rank 1048576") != std::string::npos, refused.what());
}
