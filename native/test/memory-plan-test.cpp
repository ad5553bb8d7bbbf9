// Memory is planned before it is taken, and what is chosen by it changes the numbers no more than rounding does.
#include "common/status.h"
#include "test/check.h"
#include "test/support.h"

#include <cmath>

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

    settings.memory.bytes = recomputed.total() / 2;
    try {
        Trainer trainer(settings);
        check(false, "half of it is refused");
    } catch (const Error & error) {
        check(error.code == Code::not_enough_memory, "the code");
        check(std::string(error.what()).find("400 tokens") != std::string::npos, error.what());
    }
}
