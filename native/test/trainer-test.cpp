// What the trainer promises beside right gradients: the same bytes whatever the way, state that is restored exactly,
// errors that name the cause and change nothing.
#include "adapter/lora-gguf.h"
#include "test/check.h"
#include "test/support.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

using namespace isheep;
using namespace isheep::test;

namespace {

std::string bytes_of(const std::string & path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::string adapter_bytes(Trainer & trainer) {
    const std::string path = temporary_path("adapter.gguf");
    trainer.save_adapter(path, {{"isheep.run", "test"}});
    return bytes_of(path);
}

std::string trained_bytes(const TrainerSettings & settings, int n_steps) {
    Trainer trainer(settings);
    for (int i = 0; i < n_steps; i++) trainer.step(random_samples({40, 90, 12}, 50 + i));
    return adapter_bytes(trainer);
}

TrainerSettings settings_with_dropout() {
    TrainerSettings settings = tiny_settings(tiny_model_path({}));
    settings.dropout = 0.1;
    return settings;
}

}  // namespace

TEST("kept and recomputed activations give the same bytes") {
    for (const char * name : {"llama", "qwen2", "qwen3", "gemma3"}) {
        TrainerSettings settings = settings_with_dropout();
        settings.model_path = tiny_model_path(tiny_architecture(name));
        settings.memory.keep_activations = true;
        const std::string kept = trained_bytes(settings, 3);
        settings.memory.keep_activations = false;
        check(trained_bytes(settings, 3) == kept, std::string("the adapters differ: ") + name);
    }
}

TEST("the same training gives the same bytes, another seed others") {
    TrainerSettings settings = settings_with_dropout();
    const std::string first = trained_bytes(settings, 2);
    check(trained_bytes(settings, 2) == first, "the adapters differ");
    settings.seed = 2;
    check(trained_bytes(settings, 2) != first, "the seed changes nothing");
}

TEST("how samples are packed into micro-batches does not change the gradient") {
    TrainerSettings settings = settings_with_dropout();
    const std::vector<Sample> samples = random_samples({40, 90, 12, 30}, 3);
    std::vector<std::vector<float>> gradients;
    for (int tokens : {16, 100, 1000}) {
        settings.micro_batch_tokens = tokens;
        Trainer trainer(settings);
        randomize(trainer, 1);
        gradients.push_back(trainer.gradient(samples).gradient);
    }
    const double size = global_norm(gradients[0]) / std::sqrt((double) gradients[0].size());
    for (const std::vector<float> & gradient : gradients) {
        for (size_t i = 0; i < gradient.size(); i++)
            check_near(gradient[i], gradients[0][i], 1e-4 * size, "a gradient");
    }
}

// With a loss behind them.
std::vector<Sample> samples_that_begin_alike(const std::vector<int> & lengths, int n_common) {
    std::vector<Sample> samples = random_samples(lengths, 3);
    for (Sample & sample : samples) {
        std::copy_n(samples[0].tokens.begin(), n_common, sample.tokens.begin());
        sample.context = n_common + 1;
    }
    return samples;
}

TEST("rows that samples share change neither losses nor gradients") {
    for (const char * name : {"llama", "qwen3", "gemma3"}) {
        TinyModelOptions options = tiny_architecture(name);
        options.type = GGML_TYPE_F16;  // the micro-kernel's, where there is one
        if (options.window > 0) options.window = 20;
        TrainerSettings settings = tiny_settings(tiny_model_path(options));
        const std::vector<Sample> samples = samples_that_begin_alike({40, 150, 33, 60}, 30);
        for (int tokens : {100, 1000}) {
            settings.micro_batch_tokens = tokens;
            Trainer trainer(settings);
            randomize(trainer, 1);
            const LossGradient together = trainer.gradient(samples);
            const std::vector<SampleLoss> losses = trainer.evaluate(samples, true);
            std::vector<double> alone(together.gradient.size());
            int n_tokens = 0;
            for (size_t i = 0; i < samples.size(); i++) {
                const int n = samples[i].loss_tokens();
                n_tokens += n;
                const LossGradient own = trainer.gradient({samples[i]});
                check_near(losses[i].loss / n, own.loss, 1e-3, std::string(name) + ": loss");
                for (size_t j = 0; j < alone.size(); j++) alone[j] += n * (double) own.gradient[j];
            }
            double error = 0, size = 0;
            for (size_t j = 0; j < alone.size(); j++) {
                const double expected = alone[j] / n_tokens;
                error += (together.gradient[j] - expected) * (together.gradient[j] - expected);
                size += expected * expected;
            }
            std::printf("     %s, %d tokens: relative error %.1e\n", name, tokens, std::sqrt(error / size));
            check(error < 1e-4 * size,
                  std::string(name) + ": the gradient differs by " + std::to_string(std::sqrt(error / size)));
        }
    }
}

TEST("a sample of weight 3 counts like three of it") {
    for (ggml_type type : {GGML_TYPE_F32, GGML_TYPE_F16}) {  // ggml's products, and the micro-kernel's
        TinyModelOptions options;
        options.type = type;
        Trainer trainer(tiny_settings(tiny_model_path(options)));
        randomize(trainer, 1);
        std::vector<Sample> samples = random_samples({40, 90}, 3);
        const std::vector<Sample> three = {samples[0], samples[0], samples[0], samples[1]};
        samples[0].weight = 3;
        const LossGradient one = trainer.gradient(samples), expected = trainer.gradient(three);
        check_near(one.loss, expected.loss, 1e-5, "loss");
        double error = 0, size = 0;
        for (size_t i = 0; i < expected.gradient.size(); i++) {
            error += std::pow((double) one.gradient[i] - expected.gradient[i], 2);
            size += std::pow((double) expected.gradient[i], 2);
        }
        check(error < 1e-4 * size, "the gradient differs by " + std::to_string(std::sqrt(error / size)));
        const double alone = trainer.evaluate(three, true)[0].loss;
        check_near(trainer.evaluate(samples, true)[0].loss, alone, 1e-4, "the loss by itself");
        samples[1].weight = 0;
        check_throws(Code::bad_input, "its weight must be a finite number above 0", [&] { trainer.step(samples); });
    }
}

TEST("many short samples fit into one micro-batch") {
    TrainerSettings settings = tiny_settings(tiny_model_path({}));
    settings.micro_batch_tokens = 4096;
    Trainer trainer(settings);
    const StepResult step = trainer.step(random_samples(std::vector<int>(200, 5), 1));
    check_equal(step.tokens, 1000, "tokens");
    check_equal(step.loss_tokens, 800, "loss tokens");
}

TEST("the loss falls on samples that are seen again") {
    TrainerSettings settings = tiny_settings(tiny_model_path({}));
    settings.schedule.peak = 1e-2;
    Trainer trainer(settings);
    const std::vector<Sample> samples = random_samples({30, 40}, 4);
    const double before = trainer.step(samples).loss;
    for (int i = 0; i < 30; i++) trainer.step(samples);
    const double after = trainer.step(samples).loss;
    check(after < 0.5 * before, "the loss went from " + std::to_string(before) + " to " + std::to_string(after));
}

TEST("the loss is that of the logits, also where a target's probability leaves the range of a float") {
    for (float output_scale : {1.0f, 100.0f}) {
        TinyModelOptions options;
        options.tied = false;
        options.output_scale = output_scale;
        Trainer trainer(tiny_settings(tiny_model_path(options)));
        const Sample sample = random_samples({30}, 4)[0];
        const std::vector<float> logits = trainer.logits(sample.tokens);
        double expected = 0;
        for (size_t i = sample.context; i < sample.tokens.size(); i++) {
            const float * row = &logits[(i - 1) * tiny_vocabulary_size];
            const double highest = *std::max_element(row, row + tiny_vocabulary_size);
            double sum = 0;
            for (int j = 0; j < tiny_vocabulary_size; j++) sum += std::exp(row[j] - highest);
            expected += highest + std::log(sum) - row[sample.tokens[i]];
        }
        if (output_scale > 1)
            check(expected / sample.loss_tokens() > 100, "no probability is small: " + std::to_string(expected));
        check_near(trainer.evaluate({sample}, true)[0].loss, expected, 1e-5 * expected, "loss");
        check(std::isfinite(trainer.step({sample}).grad_norm), "the gradient is not finite");
    }
}

TEST("a checkpoint continues to the same bytes") {
    const TrainerSettings settings = settings_with_dropout();
    const std::string path = temporary_path("checkpoint.gguf");
    const std::string undisturbed = trained_bytes(settings, 4);
    {
        Trainer trainer(settings);
        for (int i = 0; i < 2; i++) trainer.step(random_samples({40, 90, 12}, 50 + i));
        trainer.save_checkpoint(path);
        trainer.step(random_samples({10}, 99));  // lost with the process
    }
    Trainer trainer(settings);
    trainer.load_checkpoint(path);
    check_equal(trainer.steps(), 2, "steps");
    for (int i = 2; i < 4; i++) trainer.step(random_samples({40, 90, 12}, 50 + i));
    check(adapter_bytes(trainer) == undisturbed, "the adapters differ");
}

TEST("a checkpoint of other settings or another base is refused, and so is a damaged one") {
    TrainerSettings settings = settings_with_dropout();
    const std::string path = temporary_path("refused.gguf");
    Trainer(settings).save_checkpoint(path);
    settings.schedule.peak = 0.5;
    check_throws(Code::bad_input, "is a checkpoint of other settings",
                 [&] { Trainer(settings).load_checkpoint(path); });
    TinyModelOptions options;
    options.seed = 2;
    TrainerSettings other = settings_with_dropout();
    other.model_path = tiny_model_path(options);
    check_throws(Code::bad_input, "or another base", [&] { Trainer(other).load_checkpoint(path); });
    std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
    check_throws(Code::bad_input, "is cut short", [&] { Trainer(settings_with_dropout()).load_checkpoint(path); });
}

TEST("an adapter can be continued from, and one that does not fit is refused") {
    TrainerSettings settings = settings_with_dropout();
    const std::string path = temporary_path("init.gguf");
    Trainer first(settings);
    for (int i = 0; i < 2; i++) first.step(random_samples({30}, i));
    first.save_adapter(path, {});
    settings.init_adapter_path = path;
    Trainer second(settings);
    check(second.lora().parameters == first.lora().parameters, "the parameters differ");

    auto refused = [&](const char * part, const TrainerSettings & changed) {
        check_throws(Code::adapter_mismatch, part, [&] { Trainer trainer(changed); });
    };
    TrainerSettings changed = settings;
    changed.lora.rank = 8;
    refused("its rank is 4, not 8", changed);
    changed = settings;
    changed.lora.alpha = 16;
    refused("its alpha is 8", changed);
    changed = settings;
    changed.lora.targets = {Target::q};
    refused("which is not trained here", changed);
    TinyModelOptions options;
    options.feed_forward = 64;
    changed = settings;
    changed.model_path = tiny_model_path(options);
    refused("has another shape in this base", changed);
    changed = settings;
    changed.init_adapter_path = settings.model_path;
    refused("not adapter", changed);
}

TEST("an interrupted step changes nothing") {
    Trainer trainer(settings_with_dropout());
    const std::vector<Sample> samples = random_samples({40, 90, 12}, 1);
    trainer.step(samples);
    const std::string before = adapter_bytes(trainer);
    trainer.set_cancelled(true);
    check_throws(Code::interrupted, "interrupted", [&] { trainer.step(samples); });
    check(adapter_bytes(trainer) == before, "the adapter changed");
    check_equal(trainer.steps(), 1, "steps");
    trainer.set_cancelled(false);
    trainer.step(samples);
    check_equal(trainer.steps(), 2, "steps");
}

TEST("samples that cannot be trained on are errors") {
    Trainer trainer(settings_with_dropout());
    check_throws(Code::bad_input, "no sample has a response token", [&] { trainer.step({{{1, 2, 3}, 3}}); });
    check_throws(Code::bad_input, "no sample has a response token", [&] { trainer.step({}); });
    check_throws(Code::bad_input, "sample 1 has token 320", [&] { trainer.step({{{1, 2}, 1}, {{1, 320}, 1}}); });
    check_throws(Code::bad_input, "sample 0 has token -1", [&] { trainer.step({{{-1, 2}, 1}}); });
    check_throws(Code::bad_input, "sample 0 has no tokens", [&] { trainer.step({{{}, 1}}); });
    check_throws(Code::bad_input, "at least one token", [&] { trainer.step({{{1, 2}, 0}}); });
}

TEST("models that cannot be trained are refused by name") {
    auto refused = [](const TinyModelOptions & options, const char * part) {
        check_throws(Code::unsupported_model, part, [&] { Trainer trainer(tiny_settings(tiny_model_path(options))); });
    };
    TinyModelOptions options;
    options.architecture = "falcon";
    refused(options, "models of the architecture \"falcon\" cannot be trained");
    options = {};
    options.extra_tensor = "blk.0.attn_output.bias";
    refused(options, "tensor blk.0.attn_output.bias is not part of what can be trained");
    options = {};
    options.experts = 4;
    refused(options, "llama.expert_count is 4");
    check_throws(Code::model_not_found, "missing.gguf", [] { Trainer trainer(tiny_settings("missing.gguf")); });
    const std::string text = temporary_path("text.gguf");
    std::ofstream(text) << "not a model";
    check_throws(Code::bad_input, "is not a usable GGUF file", [&] { Trainer trainer(tiny_settings(text)); });
    const std::string cut = tiny_model_path({});
    std::filesystem::resize_file(cut, std::filesystem::file_size(cut) - 1000);
    check_throws(Code::bad_input, "is cut short", [&] { Trainer trainer(tiny_settings(cut)); });
}

TEST("an adapter file keeps names, shapes and keys, and a damaged one is refused") {
    Trainer trainer(settings_with_dropout());
    randomize(trainer, 5);
    const std::string path = temporary_path("kept.gguf");
    trainer.save_adapter(path, {{"isheep.run", "abc"}, {"isheep.iteration", "2"}});
    const LoraFile adapter = read_lora(path);
    check_equal(adapter.architecture, std::string("llama"), "architecture");
    check_equal(adapter.alpha, 8.0f, "alpha");
    check_equal(adapter.metadata.at("isheep.run"), std::string("abc"), "metadata");
    check_equal(adapter.pairs.size(), (size_t) 14, "pairs");
    check_equal(adapter.pairs[0].base_tensor, std::string("blk.0.attn_q.weight"), "name");
    const std::string copy = temporary_path("copy.gguf");
    write_lora(copy, adapter);
    check(bytes_of(copy) == bytes_of(path), "writing what was read gives other bytes");
    check_throws(Code::native_failure, "could not write",
                 [&] { write_lora(temporary_path("no/such/folder.gguf"), adapter); });
}
