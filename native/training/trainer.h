// LoRA training on a quantized GGUF. One object is one training run; one thread uses it at a time, except for
// set_cancelled().
#pragma once

#include "training/activations.h"
#include "training/adamw.h"
#include "training/dropout.h"
#include "training/lora.h"
#include "training/loss.h"
#include "training/lr-schedule.h"
#include "training/packing.h"

#include <atomic>
#include <map>
#include <string>
#include <vector>

namespace isheep {

// automatic: kept where they fit comfortably in free memory. Both ways give the same bytes.
enum class ActivationMode { automatic, keep, recompute };

struct TrainerSettings {
    std::string model_path;
    std::string device = "cpu";  // "cpu" or "auto", which is the same until other devices are supported
    int threads = 1;
    LoraSettings lora;
    double dropout = 0;
    uint64_t seed = 1;
    std::string init_adapter_path;  // "": a fresh one
    LrSchedule schedule;
    AdamWSettings adamw;
    double max_grad_norm = 1;  // 0: never clipped
    int micro_batch_tokens = 400;
    ActivationMode activations = ActivationMode::automatic;
};

struct StepResult {
    double loss = 0;       // nats, mean over the loss tokens
    double grad_norm = 0;  // before clipping
    double learning_rate = 0;
    int tokens = 0, loss_tokens = 0;
};

struct SampleLoss {
    double loss = 0;  // nats, sum over the loss tokens
    int loss_tokens = 0;
};

struct LossGradient {
    double loss = 0;
    std::vector<float> gradient;
};

class Trainer {
public:
    // Loads the model. Throws Error for a model, a device, settings or an adapter that cannot be used.
    explicit Trainer(const TrainerSettings & settings);

    int steps() const { return steps_; }

    // One optimizer step. The loss, and so the gradient, is the mean over all response tokens of all samples.
    // Throws Error(bad_input) without a response token, Error(interrupted) when cancelled; then nothing has changed.
    StepResult step(const std::vector<Sample> & samples);
    // The loss of each sample without dropout; `adapter` false: of the base alone.
    std::vector<SampleLoss> evaluate(const std::vector<Sample> & samples, bool adapter);
    // [n_tokens * n_vocab], row after row, of our own forward pass with the adapter, without dropout.
    std::vector<float> logits(const std::vector<int32_t> & tokens);

    // `metadata`: further keys with texts. With rank-stabilized scaling alpha is written times sqrt(rank), because
    // llama.cpp always divides it by the rank.
    void save_adapter(const std::string & path, const std::map<std::string, std::string> & metadata) const;
    void save_checkpoint(const std::string & path) const;
    void load_checkpoint(const std::string & path);

    // Any thread. As long as it is true, step(), evaluate() and logits() throw Error(interrupted) before their next
    // micro-batch.
    void set_cancelled(bool cancelled) { cancelled_ = cancelled; }

    // For proofs: the mean loss and its gradient by all parameters, as step() would compute them, without a step.
    LossGradient gradient(const std::vector<Sample> & samples);
    Lora & lora() { return lora_; }

    // From now on, where time goes is measured; slower. seconds by part, added up since then.
    void measure() { compute_.measure(); }
    const Profile * profile() const { return compute_.profile(); }

private:
    void check(const std::vector<Sample> & samples, bool needs_loss = true) const;
    void check_cancelled() const;
    [[noreturn]] void not_finite(const char * what) const;
    bool keeps(int n_rows) const;
    void load_adapter(const std::string & path);
    std::string identity() const;

    double accumulate(const std::vector<Sample> & samples);
    void forward(const BatchTensors & batch, const std::vector<Sample> & samples, const Lora * lora,
                 const Dropout * dropout, bool keep);
    void backward(const BatchTensors & batch, const Dropout * dropout);

    TrainerSettings settings_;
    Compute compute_;
    Weights weights_;
    SumTensors sums_;
    LossHead loss_head_;
    Lora lora_;
    Activations activations_;
    int steps_ = 0;
    std::atomic<bool> cancelled_{false};
};

}  // namespace isheep
