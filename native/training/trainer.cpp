#include "training/trainer.h"

#include "adapter/adapter-fit.h"
#include "adapter/lora-gguf.h"
#include "common/status.h"
#include "training/checkpoint.h"
#include "training/layer-graph.h"

#include <cmath>
#include <sstream>

namespace isheep {
namespace {

// Gradients travel through the layers multiplied by this, a power of two: products with Q8_0 weights round what they
// multiply to 8 bits with a scale in half precision, which small gradients would leave.
constexpr float gradient_boost = 1024;

const TrainerSettings & checked(const TrainerSettings & settings) {
    if (settings.lora.targets.empty()) throw Error(Code::bad_config, "training needs at least one target");
    return settings;
}

std::vector<LossRow> loss_rows(const MicroBatch & batch, const std::vector<Sample> & samples) {
    std::vector<LossRow> rows;
    for (const PackedSample & packed : batch.samples) {
        const Sample & sample = samples[packed.index];
        for (size_t i = sample.context; i < sample.tokens.size(); i++)
            rows.push_back({batch.row(packed, (int) i - 1), sample.tokens[i], sample.weight});
    }
    return rows;
}

// As errors call it: its id, or its place among the samples of the call.
std::string name_of(const std::vector<Sample> & samples, size_t i) {
    return "sample " + (samples[i].id.empty() ? std::to_string(i) : samples[i].id);
}

int count_loss_tokens(const std::vector<Sample> & samples) {
    int n = 0;
    for (const Sample & sample : samples) n += sample.loss_tokens();
    return n;
}

// What the losses are divided by: their tokens, each as often as it counts.
double count_weighted(const std::vector<Sample> & samples) {
    double n = 0;
    for (const Sample & sample : samples) n += (double) sample.weight * sample.loss_tokens();
    return n;
}

MemoryLimits memory_limits(const TrainerSettings & settings, const Compute & compute) {
    MemoryLimits limits = settings.memory;
    if (limits.bytes) return limits;
    size_t free = settings.free_host_bytes, total = 0;
    if (!compute.on_cpu()) {
        ggml_backend_dev_memory(ggml_backend_get_device(compute.backend()), &free, &total);
        free = free / 10 * 9;  // a display and other programs want some
    }
    if (free) limits.bytes = limits.process + free;
    return limits;
}

const LoraSettings & affordable(const TrainerSettings & settings, const Compute & compute, const Weights & weights) {
    check_adapter_fits_memory(settings.lora, weights, memory_limits(settings, compute));
    return settings.lora;
}

MemoryPlan plan_memory(const TrainerSettings & settings, Compute & compute, const Weights & weights,
                       const SumTensors & sums, const Lora & lora, const LossHead & loss_head) {
    const int longest = settings.longest_sample > 0 ? settings.longest_sample : settings.micro_batch_tokens;
    const MemoryPlanner planner(compute, weights, sums, lora, loss_head, settings.micro_batch_tokens, settings.threads);
    return planner.plan(longest, memory_limits(settings, compute));
}

}  // namespace

MemoryPlan forecast_memory(const TrainerSettings & settings) {
    Compute compute(checked(settings).device, settings.threads, settings.graphs);
    const Weights weights(settings.model_path, compute);
    const SumTensors sums(weights.architecture(), compute.buffer_type());
    const Lora lora(affordable(settings, compute, weights), weights, compute.buffer_type(), settings.seed);
    const LossHead loss_head(compute, weights, sums);
    return plan_memory(settings, compute, weights, sums, lora, loss_head);
}

Trainer::Trainer(const TrainerSettings & settings)
    : settings_(checked(settings)),
      compute_(settings.device, settings.threads, settings.graphs),
      weights_(settings.model_path, compute_),
      sums_(weights_.architecture(), compute_.buffer_type()),
      loss_head_(compute_, weights_, sums_),
      lora_(affordable(settings, compute_, weights_), weights_, compute_.buffer_type(), settings.seed),
      activations_(weights_.architecture(), compute_.buffer_type()) {
    plan_ = plan_memory(settings, compute_, weights_, sums_, lora_, loss_head_);
    weights_.make_copies(plan_.copied, settings.threads);
    if (!settings.init_adapter_path.empty()) load_adapter(settings.init_adapter_path);
    compute_.set_slice_cost(settings.slice_cost);
    if (!compute_.on_cpu()) try_device();
}

// Every kind of graph once, on samples of no meaning: what the device cannot compute is said now, not after hours.
void Trainer::try_device() {
    std::vector<Sample> samples;
    for (int length : {query_block + 6, 20}) {  // two samples, one of two blocks of queries
        Sample sample;
        for (int i = 0; i < length; i++) sample.tokens.push_back(i % weights_.architecture().n_vocab);
        sample.context = 1;
        samples.push_back(sample);
    }
    accumulate(samples);
    if (!std::isfinite(global_norm(lora_.gradients))) {
        throw Error(Code::native_failure,
                    std::string("the device ") + ggml_backend_name(compute_.backend()) + " computes no finite gradient",
                    "train with --device cpu");
    }
    lora_.clear_gradients();
}

StepResult Trainer::step(const std::vector<Sample> & samples) {
    check(samples);
    StepResult result;
    for (const Sample & sample : samples) result.tokens += (int) sample.tokens.size();
    result.loss_tokens = count_loss_tokens(samples);
    const double n = count_weighted(samples);
    result.loss = accumulate(samples) / n;

    const ProfiledBlock block(compute_.profile(), "optimizer");
    const double normalization = 1.0 / (gradient_boost * n);
    result.grad_norm = global_norm(lora_.gradients) * normalization;
    if (!std::isfinite(result.grad_norm)) not_finite("the gradient of " + sample_without_finite_gradient(samples));
    const double clip =
        settings_.max_grad_norm > 0 ? std::min(1.0, settings_.max_grad_norm / (result.grad_norm + 1e-6)) : 1.0;
    result.learning_rate = settings_.schedule.at(steps_);
    adamw_step(settings_.adamw, result.learning_rate, steps_ + 1, lora_.gradients, clip * normalization,
               lora_.parameters, lora_.first_moments, lora_.second_moments);
    lora_.refresh();
    steps_++;
    return result;
}

// Forward, loss and backward of every micro-batch; the gradients add up in lora_. -> the weighted sum of losses.
double Trainer::accumulate(const std::vector<Sample> & samples) {
    const Dropout dropout(settings_.dropout, settings_.seed, steps_);
    lora_.clear_gradients();
    double sum = 0;
    for (const MicroBatch & micro_batch :
         pack(samples, settings_.micro_batch_tokens, Rows::without_last, row_layout(weights_))) {
        check_cancelled();
        const BatchTensors batch(micro_batch, weights_, compute_.buffer_type());
        forward(batch, samples, &lora_, &dropout, n_kept(micro_batch.n_rows));
        const int n_layers = weights_.architecture().n_layers;
        const std::vector<LossRow> rows = loss_rows(micro_batch, samples);
        const std::vector<double> losses =
            loss_head_.run(activations_.input(n_layers), rows, activations_.gradient(n_layers), gradient_boost);
        check_finite(losses, micro_batch, samples);
        for (size_t i = 0; i < losses.size(); i++) sum += rows[i].weight * losses[i];
        backward(batch, &dropout);
    }
    return sum;
}

void Trainer::forward(const BatchTensors & batch, const std::vector<Sample> & samples, const Lora * lora,
                      const Dropout * dropout, int n_kept) {
    const Architecture & a = weights_.architecture();
    activations_.prepare(batch.batch().n_rows, n_kept);
    std::vector<float> embeddings((size_t) batch.batch().n_rows * a.n_embd);  // padding rows stay zero
    for (const PackedSample & packed : batch.batch().samples) {
        const std::vector<int32_t> & tokens = samples[packed.index].tokens;
        for (int i = 0; i < batch.batch().n_shared + packed.n_rows; i++)
            weights_.embed(tokens[i], &embeddings[(size_t) batch.batch().row(packed, i) * a.n_embd]);
    }
    set_tensor(activations_.input(0), embeddings.data());
    for (int layer = 0; layer < a.n_layers; layer++) {
        Graph g(compute_, LayerGraph::max_nodes(batch.batch(), weights_));
        LayerGraph layer_graph(g, weights_, sums_, batch, lora, dropout, layer);
        layer_graph.forward(activations_.input(layer), activations_.kept(layer), activations_.input(layer + 1));
        g.run();
    }
}

void Trainer::backward(const BatchTensors & batch, const Dropout * dropout) {
    for (int layer = weights_.architecture().n_layers - 1; layer >= 0; layer--) {
        Graph g(compute_, LayerGraph::max_nodes(batch.batch(), weights_));
        LayerGraph layer_graph(g, weights_, sums_, batch, &lora_, dropout, layer);
        ggml_tensor * dx = layer > 0 ? activations_.gradient(layer) : nullptr;
        layer_graph.backward(activations_.input(layer), activations_.kept(layer), activations_.gradient(layer + 1), dx);
        g.run();
        const ProfiledBlock block(compute_.profile(), "collecting gradients");
        for (const LoraGradient & gradient : layer_graph.gradients())
            lora_.collect(*gradient.group, gradient.a, gradient.b);
    }
}

LossGradient Trainer::gradient(const std::vector<Sample> & samples) {
    check(samples);
    const double n = count_weighted(samples);
    LossGradient result{accumulate(samples) / n, lora_.gradients};
    for (float & value : result.gradient) value = (float) (value / (gradient_boost * n));
    return result;
}

std::vector<SampleLoss> Trainer::evaluate(const std::vector<Sample> & samples, bool adapter) {
    std::vector<SampleLoss> losses(samples.size());
    check(samples, false);
    for (const MicroBatch & micro_batch :
         pack(samples, settings_.micro_batch_tokens, Rows::without_last, row_layout(weights_))) {
        check_cancelled();
        const BatchTensors batch(micro_batch, weights_, compute_.buffer_type());
        forward(batch, samples, adapter ? &lora_ : nullptr, nullptr, 0);
        const ggml_tensor * output = activations_.input(weights_.architecture().n_layers);
        const std::vector<double> rows = loss_head_.run(output, loss_rows(micro_batch, samples), nullptr, 1);
        check_finite(rows, micro_batch, samples);
        size_t next = 0;
        for (const PackedSample & packed : micro_batch.samples) {
            SampleLoss & loss = losses[packed.index];
            loss.loss_tokens = samples[packed.index].loss_tokens();
            for (int i = 0; i < loss.loss_tokens; i++) loss.loss += rows[next++];
        }
    }
    return losses;
}

std::vector<float> Trainer::logits(const std::vector<int32_t> & tokens) {
    const std::vector<Sample> samples = {{tokens, 1}};
    check(samples, false);
    check_cancelled();
    const MicroBatch micro_batch = pack(samples, 0, Rows::all, row_layout(weights_)).at(0);
    const BatchTensors batch(micro_batch, weights_, compute_.buffer_type());
    forward(batch, samples, &lora_, nullptr, 0);
    std::vector<int> rows(tokens.size());
    for (size_t i = 0; i < rows.size(); i++) rows[i] = (int) i;
    return loss_head_.logits(activations_.input(weights_.architecture().n_layers), rows);
}

int Trainer::n_kept(int n_rows) const {
    return activations_.layers_that_fit(n_rows, plan_.for_activations);
}

void Trainer::check(const std::vector<Sample> & samples, bool needs_loss) const {
    const int n_vocab = weights_.architecture().n_vocab;
    for (size_t i = 0; i < samples.size(); i++) {
        const std::string where = name_of(samples, i);
        if (samples[i].tokens.empty()) throw Error(Code::bad_input, where + " has no tokens");
        if (samples[i].context < 1) throw Error(Code::bad_input, where + ": its context must have at least one token");
        if (!(samples[i].weight > 0) || !std::isfinite(samples[i].weight))
            throw Error(Code::bad_input, where + ": its weight must be a finite number above 0");
        for (int32_t token : samples[i].tokens) {
            if (token < 0 || token >= n_vocab) {
                throw Error(Code::bad_input, where + " has token " + std::to_string(token) +
                                                 "; the model's tokens are 0 to " + std::to_string(n_vocab - 1));
            }
        }
    }
    if (needs_loss && count_loss_tokens(samples) == 0)
        throw Error(Code::bad_input, "no sample has a response token to train on");
}

void Trainer::check_cancelled() const {
    if (cancelled_) throw Error(Code::interrupted, "training was interrupted");
}

// `losses`: of the micro-batch's loss rows, sample after sample.
void Trainer::check_finite(const std::vector<double> & losses, const MicroBatch & batch,
                           const std::vector<Sample> & samples) const {
    size_t next = 0;
    for (const PackedSample & packed : batch.samples) {
        for (int i = 0; i < samples[packed.index].loss_tokens(); i++) {
            if (!std::isfinite(losses[next++])) not_finite("the loss of " + name_of(samples, packed.index));
        }
    }
}

// After a failure only, so it may take the time of the step again.
std::string Trainer::sample_without_finite_gradient(const std::vector<Sample> & samples) {
    for (size_t i = 0; i < samples.size(); i++) {
        accumulate({samples[i]});
        if (!std::isfinite(global_norm(lora_.gradients))) return name_of(samples, i);
    }
    return "the samples together, though of none alone,";
}

void Trainer::not_finite(const std::string & what) const {
    throw Error(Code::training_diverged, what + " is not a finite number after step " + std::to_string(steps_),
                "lower the learning rate, or look at the sample; the last checkpoint is as it was");
}

void Trainer::save_adapter(const std::string & path, const std::map<std::string, std::string> & metadata,
                           bool best) const {
    if (best && best_.empty()) throw Error(Code::bad_config, "no adapter was kept as the best");
    const std::vector<float> & parameters = best ? best_ : lora_.parameters;
    const int64_t rank = settings_.lora.rank;
    LoraFile adapter;
    adapter.architecture = weights_.architecture().name;
    adapter.alpha = (float) (settings_.lora.scale() * rank);
    adapter.metadata = metadata;
    for (const LoraPart & part : lora_.parts()) {
        const float *a = &parameters[part.a], *b = &parameters[part.b];
        adapter.pairs.push_back({layer_tensor(part.layer, target_tensor(part.target)),
                                 part.n_in,
                                 part.n_out,
                                 rank,
                                 {a, a + rank * part.n_in},
                                 {b, b + rank * part.n_out}});
    }
    write_lora(path, adapter);
}

// The adapter's matrices become the parameters. Base, rank, scale and targets must be those of the settings.
void Trainer::load_adapter(const std::string & path) {
    const LoraFile adapter = read_lora(path);
    check_adapter(path, adapter);
    std::map<std::string, const LoraPair *> pairs;
    for (const LoraPair & pair : adapter.pairs) pairs[pair.base_tensor] = &pair;
    for (const LoraPart & part : lora_.parts()) {
        const LoraPair & pair = *pairs.at(layer_tensor(part.layer, target_tensor(part.target)));
        std::copy(pair.a.begin(), pair.a.end(), lora_.parameters.begin() + part.a);
        std::copy(pair.b.begin(), pair.b.end(), lora_.parameters.begin() + part.b);
    }
    lora_.refresh();
}

void Trainer::check_adapter(const std::string & path, const LoraFile & adapter) const {
    std::vector<AdapterMatrix> trained;
    for (const LoraPart & part : lora_.parts())
        trained.push_back({layer_tensor(part.layer, target_tensor(part.target)), part.n_in, part.n_out});
    check_adapter_fits(path, adapter,
                       {weights_.architecture().name, settings_.base_sha256, settings_.lora.rank,
                        settings_.lora.scale() * settings_.lora.rank, trained});
}

// Everything that decides the numbers of the steps to come, as text. Threads do not: each number is one thread's sum.
std::string Trainer::identity() const {
    std::ostringstream text;
    text.precision(17);
    const LoraSettings & lora = settings_.lora;
    text << "base " << std::hex << weights_.fingerprint() << std::dec << " device "
         << ggml_backend_name(compute_.backend()) << (weights_.is_packed() ? " micro-kernel" : "") << " copied weights "
         << name_of(plan_.copied) << " rank " << lora.rank << " scale " << lora.scale() << " dropout "
         << settings_.dropout << " seed " << settings_.seed << " targets";
    for (const LoraPart & part : lora_.parts()) {
        if (part.layer == 0) text << ' ' << target_name(part.target);
    }
    const LrSchedule & schedule = settings_.schedule;
    text << " schedule " << (int) schedule.kind << ' ' << schedule.peak << ' ' << schedule.warmup_steps << ' '
         << schedule.total_steps;
    const AdamWSettings & adamw = settings_.adamw;
    text << " adamw " << adamw.beta1 << ' ' << adamw.beta2 << ' ' << adamw.epsilon << ' ' << adamw.weight_decay
         << " clip " << settings_.max_grad_norm << " micro-batch " << settings_.micro_batch_tokens;
    return text.str();
}

void Trainer::save_checkpoint(const std::string & path) const {
    write_checkpoint(path, identity(), {steps_, lora_.parameters, lora_.first_moments, lora_.second_moments, best_});
}

void Trainer::load_checkpoint(const std::string & path) {
    CheckpointState state = read_checkpoint(path, identity(), lora_.parameters.size());
    steps_ = state.steps;
    lora_.parameters = std::move(state.parameters);
    lora_.first_moments = std::move(state.first_moments);
    lora_.second_moments = std::move(state.second_moments);
    best_ = std::move(state.best);
    lora_.refresh();
}

}  // namespace isheep
