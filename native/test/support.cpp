#include "test/support.h"

#include "common/handles.h"
#include "test/check.h"
#include "training/random-bits.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <random>

namespace isheep::test {
namespace {

namespace fs = std::filesystem;

class TemporaryFolder {
public:
    TemporaryFolder() {
        folder_ = fs::temp_directory_path() / ("isheep-tests-" + std::to_string(std::random_device()()));
        fs::create_directories(folder_);
    }
    ~TemporaryFolder() {
        std::error_code ignored;
        fs::remove_all(folder_, ignored);
    }
    fs::path folder_;
};

}  // namespace

std::string temporary_path(const std::string & name) {
    static TemporaryFolder folder;
    return (folder.folder_ / name).string();
}

TinyModelOptions tiny_architecture(const std::string & name) {
    TinyModelOptions options;
    options.architecture = name;
    options.tied = name != "qwen2";
    if (name == "qwen3" || name == "gemma3") options.head_dim = 32;
    if (name == "gemma3") options.window = 20;
    return options;
}

std::string tiny_model_path(const TinyModelOptions & options) {
    static int count = 0;
    const std::string path = temporary_path("tiny-" + std::to_string(count++) + ".gguf");
    write_tiny_model(path, options);
    return path;
}

TrainerSettings tiny_settings(const std::string & model_path) {
    TrainerSettings settings;
    settings.model_path = model_path;
    settings.lora.rank = 4;
    settings.lora.alpha = 8;
    settings.lora.targets.assign(all_targets.begin(), all_targets.end());
    settings.micro_batch_tokens = 128;
    settings.schedule = {ScheduleKind::constant, 1e-3, 0, 100};
    settings.memory.copied = CopiedWeights::transposed;  // forward products with the file's own numbers, as llama.cpp's
    return settings;
}

std::vector<Sample> random_samples(const std::vector<int> & lengths, uint32_t seed) {
    std::vector<Sample> samples;
    for (size_t i = 0; i < lengths.size(); i++) {
        Sample sample;
        const uint64_t key = random_key(seed, i);
        for (int j = 0; j < lengths[i]; j++)
            sample.tokens.push_back((int32_t) (random_bits(key, j) % tiny_vocabulary_size));
        sample.context = std::max(1, lengths[i] / 3);
        samples.push_back(sample);
    }
    return samples;
}

std::vector<float> normal_numbers(size_t n, uint32_t seed) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    std::vector<float> values(n);
    for (float & value : values) value = normal(random);
    return values;
}

void randomize(Trainer & trainer, uint32_t seed) {
    std::vector<float> & parameters = trainer.lora().parameters;
    for (size_t i = 0; i < parameters.size(); i++) parameters[i] += 0.2f * (random_unit(seed, i) - 0.5f);
    trainer.lora().refresh();
}

bool has_micro_kernel_here() {
    if (Compute("cpu", 1).has_micro_kernel()) return true;
    std::printf("     this processor does not have the micro-kernel: ggml multiplies\n");
    return false;
}

std::vector<float> llama_logits(const std::string & model_path, const std::string & adapter_path,
                                const std::vector<int32_t> & tokens) {
    llama_model_params model_params = llama_model_default_params();
    model_params.use_extra_bufts = false;
    LlamaModel model(llama_model_load_from_file(model_path.c_str(), model_params));
    check(model != nullptr, "llama.cpp loads " + model_path);
    llama_context_params params = llama_context_default_params();
    params.n_ctx = params.n_batch = params.n_ubatch = 256;
    params.n_threads = params.n_threads_batch = 1;
    params.type_k = params.type_v = GGML_TYPE_F32;
    params.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_DISABLED;
    LlamaContext context(llama_init_from_model(model.get(), params));
    check(context != nullptr, "llama.cpp makes a context");
    LlamaAdapter adapter;
    if (!adapter_path.empty()) {
        adapter.reset(llama_adapter_lora_init(model.get(), adapter_path.c_str()));
        check(adapter != nullptr, "llama.cpp loads the adapter");
        llama_adapter_lora * adapters[] = {adapter.get()};
        float scales[] = {1};
        check_equal(llama_set_adapters_lora(context.get(), adapters, 1, scales), 0, "llama.cpp applies the adapter");
    }
    llama_batch batch = llama_batch_init((int32_t) tokens.size(), 0, 1);
    for (size_t i = 0; i < tokens.size(); i++) {
        batch.token[i] = tokens[i];
        batch.pos[i] = (llama_pos) i;
        batch.n_seq_id[i] = 1;
        batch.seq_id[i][0] = 0;
        batch.logits[i] = true;
    }
    batch.n_tokens = (int32_t) tokens.size();
    const int failed = llama_decode(context.get(), batch);
    llama_batch_free(batch);
    check_equal(failed, 0, "llama.cpp decodes");
    const float * logits = llama_get_logits(context.get());
    const size_t n_vocab = (size_t) llama_vocab_n_tokens(llama_model_get_vocab(model.get()));
    std::vector<float> all(logits, logits + tokens.size() * n_vocab);
    adapter.reset();  // before its model
    return all;
}

double relative_difference(const std::vector<float> & found, const std::vector<float> & expected) {
    check_equal(found.size(), expected.size(), "number of values");
    double difference = 0, size = 0;
    for (size_t i = 0; i < expected.size(); i++) {
        difference += ((double) found[i] - expected[i]) * ((double) found[i] - expected[i]);
        size += (double) expected[i] * expected[i];
    }
    return std::sqrt(difference / size);
}

}  // namespace isheep::test
