#include "training/full-finetune.h"

#include "common/backends.h"
#include "common/gguf-file.h"
#include "common/log-capture.h"
#include "common/status.h"
#include "ggml-opt.h"
#include "training/graph-room.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>

namespace isheep {
namespace {

// Those whose every operator upstream can differentiate; others end in GGML_ABORT (GeGLU, for one).
const char * const architectures[] = {"llama", "qwen2", "qwen3"};

struct FreeDataset {
    void operator()(ggml_opt_dataset_t dataset) const { ggml_opt_dataset_free(dataset); }
};
struct FreeResult {
    void operator()(ggml_opt_result_t result) const { ggml_opt_result_free(result); }
};
using Dataset = std::unique_ptr<ggml_opt_dataset, FreeDataset>;
using Result = std::unique_ptr<ggml_opt_result, FreeResult>;

void check_model(const GgufFile & file) {
    const std::string architecture = file.text("general.architecture");
    const bool known = std::any_of(std::begin(architectures), std::end(architectures),
                                   [&](const char * one) { return architecture == one; });
    if (!known || file.integer(architecture + ".expert_count", 0) > 0) {
        throw Error(Code::unsupported_model,
                    file.path() + " has the architecture \"" + architecture + (known ? "\" with experts" : "\"") +
                        ", which llama.cpp cannot train in full",
                    "it trains llama, qwen2 and qwen3 without experts; --method lora trains more");
    }
    for (const ggml_tensor * tensor : file.tensors()) {
        if (tensor->type == GGML_TYPE_F32) continue;
        throw Error(Code::unsupported_model,
                    file.path() + " cannot be trained in full: tensor " + tensor->name + " is " +
                        ggml_type_name(tensor->type) + ", and llama.cpp trains F32 alone",
                    "write it as F32 first (scripts/requantize.mjs MODEL OUT f32), or use --method lora, which trains "
                    "quantized models as they are");
    }
}

void check_settings(const FullFinetuneSettings & settings) {
    if (settings.block_tokens < block_multiple || settings.block_tokens % block_multiple != 0) {
        throw Error(Code::bad_config,
                    "a block must be a multiple of " + std::to_string(block_multiple) + " tokens; it is " +
                        std::to_string(settings.block_tokens),
                    "set the maximum length to such a number");
    }
    if (settings.micro_batch_tokens < 1 || settings.block_tokens % settings.micro_batch_tokens != 0) {
        throw Error(Code::bad_config, "micro-batches of " + std::to_string(settings.micro_batch_tokens) +
                                          " tokens do not divide a block of " + std::to_string(settings.block_tokens));
    }
    if (settings.adamw.weight_decay < 0 || settings.adamw.weight_decay > 1)
        throw Error(Code::bad_config,
                    "llama.cpp takes a weight decay from 0 to 1; it is " + std::to_string(settings.adamw.weight_decay));
}

void check_memory(const FullFinetuneSettings & settings, ggml_backend_dev_t device) {
    const uint64_t needed =
        full_finetune_bytes(settings.model_path, settings.block_tokens, settings.micro_batch_tokens);
    size_t free = 0, total = 0;
    ggml_backend_dev_memory(device, &free, &total);
    // Of the CPU, ggml tells what the machine has, whoever uses it.
    if (ggml_backend_dev_type(device) == GGML_BACKEND_DEVICE_TYPE_CPU) free = (size_t) settings.free_host_bytes;
    if (needed <= free) return;
    const auto mib = [](uint64_t bytes) { return std::to_string(bytes >> 20) + " MiB"; };
    throw Error(Code::not_enough_memory,
                "training in full needs about " + mib(needed) + ", and " + mib(free) + " are free",
                "lower --micro-batch-tokens, or use --method lora, which needs a fraction");
}

ggml_opt_optimizer_params optimizer_params(const AdamWSettings & adamw, double learning_rate) {
    ggml_opt_optimizer_params params = ggml_opt_get_default_optimizer_params(nullptr);
    // A rate of exactly 0, as warm-up begins with, is an assert upstream; this moves no weight.
    params.adamw.alpha = std::max((float) learning_rate, 1e-30f);
    params.adamw.beta1 = (float) adamw.beta1;
    params.adamw.beta2 = (float) adamw.beta2;
    params.adamw.eps = (float) adamw.epsilon;
    params.adamw.wd = (float) adamw.weight_decay;
    return params;
}

LlamaModel load_model(const std::string & path, ggml_backend_dev_t device) {
    ggml_backend_dev_t devices[] = {nullptr, nullptr};
    llama_model_params params = llama_model_default_params();
    params.devices = devices;
    params.n_gpu_layers = 0;
    params.load_mode = LLAMA_LOAD_MODE_NONE;  // a mapped file cannot be written to
    params.use_extra_bufts = false;           // nor can repacked weights be trained
    if (ggml_backend_dev_type(device) != GGML_BACKEND_DEVICE_TYPE_CPU) {
        devices[0] = device;
        params.n_gpu_layers = -1;
    }
    take_logged_errors();
    LlamaModel model(llama_model_load_from_file(path.c_str(), params));
    if (!model) throw Error(Code::unsupported_model, "llama.cpp could not load " + path + ": " + take_logged_errors());
    return model;
}

LlamaContext open_context(llama_model * model, const FullFinetuneSettings & settings) {
    llama_context_params params = llama_context_default_params();
    params.n_ctx = (uint32_t) settings.block_tokens;
    params.n_batch = params.n_ctx;
    params.n_ubatch = (uint32_t) settings.micro_batch_tokens;
    params.n_seq_max = 1;
    params.n_threads = settings.threads;
    params.n_threads_batch = settings.threads;
    params.type_k = GGML_TYPE_F32;  // what the backward products can read
    params.type_v = GGML_TYPE_F32;
    params.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_DISABLED;  // it has no backward pass
    take_logged_errors();
    LlamaContext context(llama_init_from_model(model, params));
    if (!context) {
        throw Error(Code::not_enough_memory, "llama.cpp could not open a context: " + take_logged_errors(),
                    "lower --max-length or --micro-batch-tokens");
    }
    return context;
}

// Keys and values go through the cache, where upstream's gradients end: as parameters these would only decay.
bool has_gradient(const ggml_tensor * tensor, void *) {
    const std::string name = tensor->name;
    return name.find(".attn_k") == std::string::npos && name.find(".attn_v") == std::string::npos;
}

ggml_opt_optimizer_params current_params(void * params) {
    return *static_cast<ggml_opt_optimizer_params *>(params);
}

}  // namespace

uint64_t full_finetune_bytes(const std::string & model_path, int block_tokens, int micro_batch_tokens) {
    const GgufFile file(model_path);
    const std::string a = file.text("general.architecture") + ".";
    uint64_t weights = 0;
    for (const ggml_tensor * tensor : file.tensors()) weights += ggml_nbytes(tensor);
    const uint64_t width = file.integer(a + "embedding_length"), feed_forward = file.integer(a + "feed_forward_length");
    const uint64_t layers = file.integer(a + "block_count"), heads = file.integer(a + "attention.head_count");
    const ggml_tensor * embedding = file.find("token_embd.weight");
    const uint64_t n_vocab = embedding ? (uint64_t) embedding->ne[1] : 0;
    // Numbers of a token and layer that the graph and its gradients hold, by their shapes; attention is never fused.
    const uint64_t per_layer = 20 * width + 8 * feed_forward + 4 * heads * (uint64_t) block_tokens;
    const uint64_t graph = (uint64_t) micro_batch_tokens * (layers * per_layer + 5 * n_vocab) * sizeof(float);
    const uint64_t cache = 2 * layers * (uint64_t) block_tokens * width * sizeof(float);
    return 4 * weights + graph + cache;
}

struct FullFinetune::Optimizer {
    ggml_opt_optimizer_params params;
};

FullFinetune::FullFinetune(const FullFinetuneSettings & settings) : settings_(settings) {
    const GgufFile file(settings.model_path);
    check_model(file);
    check_settings(settings);
    ggml_backend_dev_t device = device_by_name(settings.device);
    check_memory(settings, device);
    model_ = load_model(settings.model_path, device);
    graph_room_ = make_graph_room(model_.get(), file);
    context_ = open_context(model_.get(), settings);
    optimizer_ = std::make_unique<Optimizer>();
    llama_opt_params params = {};
    params.n_ctx_train = 0;  // as long as the context
    params.param_filter = has_gradient;
    params.get_opt_pars = current_params;
    params.get_opt_pars_ud = &optimizer_->params;
    params.optimizer_type = GGML_OPT_OPTIMIZER_TYPE_ADAMW;
    llama_opt_init(context_.get(), model_.get(), params);
}

FullFinetune::~FullFinetune() = default;

double FullFinetune::step(const std::vector<int32_t> & tokens) {
    learning_rate_ = settings_.schedule.at(steps_);
    optimizer_->params = optimizer_params(settings_.adamw, learning_rate_);
    const double loss = run(tokens, true);
    steps_++;
    if (!std::isfinite(loss)) {
        throw Error(Code::native_failure, "the loss of step " + std::to_string(steps_) + " is not a finite number",
                    "lower the learning rate; no model was written");
    }
    return loss;
}

double FullFinetune::evaluate(const std::vector<int32_t> & tokens) {
    return run(tokens, false);
}

// An epoch of one block: upstream's smallest unit, so that order, schedule and interruption stay ours.
double FullFinetune::run(const std::vector<int32_t> & tokens, bool train) {
    const int n = settings_.block_tokens;
    const int n_vocab = llama_vocab_n_tokens(llama_model_get_vocab(model_.get()));
    if ((int) tokens.size() != n + 1)
        throw Error(Code::bad_input, "a block has " + std::to_string(tokens.size()) + " tokens; " +
                                         std::to_string(n + 1) + " are needed");
    for (int32_t token : tokens) {
        if (token < 0 || token >= n_vocab)
            throw Error(Code::bad_input,
                        "token " + std::to_string(token) + " is outside the vocabulary of " + std::to_string(n_vocab));
    }
    Dataset dataset(ggml_opt_dataset_init(GGML_TYPE_I32, GGML_TYPE_I32, n, n, 1, 1));
    ggml_backend_tensor_set(ggml_opt_dataset_data(dataset.get()), tokens.data(), 0, n * sizeof(int32_t));
    ggml_backend_tensor_set(ggml_opt_dataset_labels(dataset.get()), tokens.data() + 1, 0, n * sizeof(int32_t));
    Result result(ggml_opt_result_init());
    llama_opt_epoch(context_.get(), dataset.get(), result.get(), result.get(), train ? 1 : 0, nullptr, nullptr);
    double loss = NAN;
    ggml_opt_result_loss(result.get(), &loss, nullptr);
    int64_t seen = 0;
    ggml_opt_result_ndata(result.get(), &seen);
    // Where upstream cannot prepare a batch it logs and goes on.
    if (seen != n)
        throw Error(Code::native_failure, "llama.cpp did not compute a whole block: " + take_logged_errors());
    return loss;
}

void FullFinetune::save(const std::string & path) const {
    const std::string numbers = path + ".weights.tmp";
    llama_model_save_to_file(model_.get(), numbers.c_str());
    // Upstream's file has lost what it does not know (the chat template) and says the block's length for the context;
    // so its numbers go into a file with the metadata of the model that was trained.
    const GgufFile original(settings_.model_path);
    std::error_code ignored;
    try {
        const GgufFile trained(numbers);
        Gguf gguf(gguf_init_empty());
        gguf_set_kv(gguf.get(), original.gguf());
        Context context(ggml_init({(original.tensors().size() + 1) * ggml_tensor_overhead(), nullptr, true}));
        std::vector<std::vector<float>> values;  // all of them: gguf_write takes the file's content as a whole
        values.reserve(original.tensors().size());
        for (const ggml_tensor * tensor : original.tensors()) {
            const ggml_tensor * source = trained.find(tensor->name);
            values.push_back(source ? trained.read_floats(source) : original.read_floats(tensor));
            ggml_tensor * copy = ggml_dup_tensor(context.get(), tensor);
            copy->data = values.back().data();
            ggml_set_name(copy, tensor->name);
            gguf_add_tensor(gguf.get(), copy);
        }
        write_gguf_atomically(gguf.get(), path);
    } catch (...) {
        std::filesystem::remove(std::filesystem::u8path(numbers), ignored);
        throw;
    }
    std::filesystem::remove(std::filesystem::u8path(numbers), ignored);
}

}  // namespace isheep
