// Our own vector-Jacobian products against finite differences of the loss, on tiny models in F32.
//
// Each matrix of the adapter is moved along random directions and, in the smallest model, along each of its numbers;
// the four-point stencil leaves an error of the fourth order in the step. What remains is the rounding of the loss in
// F32 (about 1e-7 of it, divided by the step), which the tolerance covers: errors are relative to what the gradient's
// length lets one expect along a direction.
#include "test/check.h"
#include "test/support.h"
#include "training/random-bits.h"

using namespace isheep;
using namespace isheep::test;

namespace {

using Loss = double (*)(Trainer & trainer, const std::vector<Sample> & samples);

double mean_loss(Trainer & trainer, const std::vector<Sample> & samples) {
    double sum = 0, n = 0;
    for (const SampleLoss & loss : trainer.evaluate(samples, true)) {
        sum += loss.loss;
        n += loss.loss_tokens;
    }
    return sum / n;
}

// With the masks of the next step, the same ones every time.
double mean_loss_with_dropout(Trainer & trainer, const std::vector<Sample> & samples) {
    return trainer.gradient(samples).loss;
}

// The derivative of the mean loss along `direction`, laid over the parameters from `offset` on.
double difference(Trainer & trainer, const std::vector<Sample> & samples, size_t offset,
                  const std::vector<float> & direction, Loss loss = mean_loss) {
    const std::vector<float> before = trainer.lora().parameters;
    double sum = 0;
    for (auto [step, weight] : {std::pair{1, 8.0}, {-1, -8.0}, {2, -1.0}, {-2, 1.0}}) {
        for (size_t i = 0; i < direction.size(); i++)
            trainer.lora().parameters[offset + i] = before[offset + i] + step * direction[i];
        trainer.lora().refresh();
        sum += weight * loss(trainer, samples) / 12;
        trainer.lora().parameters = before;
    }
    return sum;
}

double length(const float * values, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += (double) values[i] * values[i];
    return std::sqrt(sum);
}

struct Matrices {
    std::string name;
    size_t offset, n;
};

std::vector<Matrices> all_matrices(Trainer & trainer) {
    std::vector<Matrices> all;
    const size_t rank = (size_t) trainer.lora().settings().rank;
    for (const LoraPart & part : trainer.lora().parts()) {
        const std::string name = std::string(target_name(part.target)) + " of layer " + std::to_string(part.layer);
        all.push_back({"A of " + name, part.a, rank * part.n_in});
        all.push_back({"B of " + name, part.b, rank * part.n_out});
    }
    return all;
}

// Largest error along random directions of every matrix.
void check_gradients(Trainer & trainer, const std::vector<Sample> & samples, double tolerance, Loss loss = mean_loss) {
    randomize(trainer, 7);
    const std::vector<float> gradient = trainer.gradient(samples).gradient;
    double worst = 0;
    for (const Matrices & m : all_matrices(trainer)) {
        const double expected_size = length(&gradient[m.offset], m.n);
        check(expected_size > 1e-5, "the gradient of " + m.name + " vanishes");
        for (int trial = 0; trial < 3; trial++) {
            const float step = 0.05f / std::sqrt((float) m.n);
            std::vector<float> direction(m.n);
            for (size_t i = 0; i < m.n; i++)
                direction[i] = step * (random_bits(random_key(trial, m.offset), i) & 1 ? 1.0f : -1.0f);
            double along = 0;
            for (size_t i = 0; i < m.n; i++) along += (double) gradient[m.offset + i] * direction[i];
            const double expected_change = expected_size * step;  // root mean square over random signs
            const double error =
                std::fabs(difference(trainer, samples, m.offset, direction, loss) - along) / expected_change;
            worst = std::max(worst, error);
            check(error < tolerance, "the gradient of " + m.name + " is off by " + std::to_string(error));
        }
    }
    std::printf("     largest relative error %.1e\n", worst);
}

const std::vector<int> lengths = {23, 5, 70,
                                  16, 2, 33};  // in micro-batches of at most 128 rows, with every kind of padding

}  // namespace

TEST("gradients of all targets agree with finite differences, tied output, grouped heads") {
    TrainerSettings settings = tiny_settings(tiny_model_path({}));
    Trainer trainer(settings);
    check_gradients(trainer, random_samples(lengths, 1), 5e-4);
}

TEST("gradients agree with finite differences with an untied output, RoPE factors and scaled positions") {
    TinyModelOptions options;
    options.tied = false;
    options.rope_factors = true;
    options.rope_scale = 2;
    TrainerSettings settings = tiny_settings(tiny_model_path(options));
    settings.lora.rank_stabilized = true;
    Trainer trainer(settings);
    check_gradients(trainer, random_samples(lengths, 2), 5e-4);
}

TEST("gradients agree with finite differences for one sample over several blocks of queries") {
    TinyModelOptions options;
    options.heads = 2;
    options.kv_heads = 2;
    Trainer trainer(tiny_settings(tiny_model_path(options)));
    check_gradients(trainer, random_samples({150}, 3), 5e-4);
}

TEST("gradients agree with finite differences for every architecture") {
    for (const char * name : {"qwen2", "qwen3", "gemma3"}) {
        Trainer trainer(tiny_settings(tiny_model_path(tiny_architecture(name))));
        std::printf("     %s\n", name);
        check_gradients(trainer, random_samples(lengths, 1), 5e-4);
    }
}

TEST("gradients agree with finite differences for samples of several blocks and windows of any length") {
    for (int window : {20, 130}) {
        TinyModelOptions options = tiny_architecture("gemma3");
        options.window = window;
        Trainer trainer(tiny_settings(tiny_model_path(options)));
        std::printf("     window %d\n", window);
        check_gradients(trainer, random_samples({150}, 3), 5e-4);
    }
}

TEST("gradients of a subset of targets agree with finite differences") {
    TrainerSettings settings = tiny_settings(tiny_model_path({}));
    settings.lora.targets = {Target::v, Target::q};
    Trainer trainer(settings);
    check_gradients(trainer, random_samples({40, 9}, 4), 5e-4);
}

TEST("gradients agree with finite differences with dropout on the adapters' inputs") {
    TrainerSettings settings = tiny_settings(tiny_model_path({}));
    settings.dropout = 0.3;
    Trainer trainer(settings);
    check_gradients(trainer, random_samples({40, 20, 9}, 6), 5e-4, mean_loss_with_dropout);
}

TEST("gradients of stored half floats and 8-bit weights point where those of the same weights in F32 do") {
    const std::vector<Sample> samples = random_samples(lengths, 8);
    auto gradient_for = [&](ggml_type type) {
        TinyModelOptions options;
        options.type = type;
        Trainer trainer(tiny_settings(tiny_model_path(options)));
        randomize(trainer, 7);
        return trainer.gradient(samples).gradient;
    };
    const std::vector<float> exact = gradient_for(GGML_TYPE_F32);
    for (ggml_type type : {GGML_TYPE_F16, GGML_TYPE_BF16, GGML_TYPE_Q8_0}) {
        const std::vector<float> found = gradient_for(type);
        double dot = 0;
        for (size_t i = 0; i < exact.size(); i++) dot += (double) exact[i] * found[i];
        const double cosine = dot / length(exact.data(), exact.size()) / length(found.data(), found.size());
        std::printf("     %s: cosine %.5f\n", ggml_type_name(type), cosine);
        check(cosine > 0.995, "the cosine is " + std::to_string(cosine));
    }
}

TEST("the gradient of every single parameter of a small adapter agrees with finite differences") {
    TinyModelOptions options;
    options.width = 32;
    options.feed_forward = 48;
    options.heads = 2;
    options.kv_heads = 1;
    TrainerSettings settings = tiny_settings(tiny_model_path(options));
    settings.lora.rank = 1;
    Trainer trainer(settings);
    randomize(trainer, 7);
    const std::vector<Sample> samples = random_samples({20, 9}, 5);
    const std::vector<float> gradient = trainer.gradient(samples).gradient;
    double worst = 0;
    for (const Matrices & m : all_matrices(trainer)) {
        const double typical = length(&gradient[m.offset], m.n) / std::sqrt((double) m.n);
        for (size_t i = 0; i < m.n; i++) {
            const float step = 0.006f;
            const double found = difference(trainer, samples, m.offset + i, {step}) / step;
            worst = std::max(worst, std::fabs(found - gradient[m.offset + i]) / typical);
        }
        check(worst < 5e-3, "a gradient of " + m.name + " is off by " + std::to_string(worst) + " of the typical one");
    }
    std::printf("     largest error, relative to the typical gradient of its matrix, %.1e\n", worst);
}
