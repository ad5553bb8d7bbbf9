// createTrainer and NativeTrainer of src/native/addon-types.ts: reads arguments, runs training/trainer on a thread of the
// pool, hands results over. One call runs at a time; a disposed object only answers with errors.
#include "training/trainer.h"

#include "binding/exports.h"
#include "binding/js-error.h"
#include "binding/worker.h"
#include "common/status.h"

#include <cstring>
#include <memory>

namespace isheep {
namespace {

template <typename Choice>
Choice one_of(const std::string & text, const char * what, std::initializer_list<std::pair<const char *, Choice>> choices) {
    for (const auto & [name, choice] : choices) {
        if (text == name) return choice;
    }
    throw Error(Code::bad_config, std::string(what) + " \"" + text + "\" is not known");
}

std::string text(const Napi::Object & options, const char * key) { return options.Get(key).As<Napi::String>(); }
double number(const Napi::Object & options, const char * key) { return options.Get(key).As<Napi::Number>().DoubleValue(); }
int integer(const Napi::Object & options, const char * key) { return options.Get(key).As<Napi::Number>().Int32Value(); }

std::vector<Target> read_targets(const Napi::Array & names) {
    std::vector<Target> targets;
    for (uint32_t i = 0; i < names.Length(); i++) {
        const std::string name = names.Get(i).As<Napi::String>();
        std::initializer_list<std::pair<const char *, Target>> known = {
            {"q", Target::q},       {"k", Target::k},   {"v", Target::v},      {"o", Target::o},
            {"gate", Target::gate}, {"up", Target::up}, {"down", Target::down}};
        targets.push_back(one_of(name, "target", known));
    }
    return targets;
}

TrainerSettings read_settings(const Napi::Object & options) {
    TrainerSettings settings;
    settings.model_path = text(options, "modelPath");
    settings.device = text(options, "device");
    settings.threads = integer(options, "threads");
    settings.lora.rank = integer(options, "rank");
    settings.lora.alpha = number(options, "alpha");
    settings.lora.rank_stabilized = options.Get("rankStabilized").As<Napi::Boolean>();
    settings.lora.targets = read_targets(options.Get("targets").As<Napi::Array>());
    settings.dropout = number(options, "dropout");
    settings.seed = (uint64_t) options.Get("seed").As<Napi::Number>().Int64Value();
    settings.init_adapter_path = text(options, "initAdapterPath");
    settings.schedule.kind = one_of<ScheduleKind>(
        text(options, "schedule"), "schedule",
        {{"cosine", ScheduleKind::cosine}, {"linear", ScheduleKind::linear}, {"constant", ScheduleKind::constant}});
    settings.schedule.peak = number(options, "learningRate");
    settings.schedule.warmup_steps = integer(options, "warmupSteps");
    settings.schedule.total_steps = integer(options, "totalSteps");
    settings.adamw = {number(options, "beta1"), number(options, "beta2"), number(options, "epsilon"), number(options, "weightDecay")};
    settings.max_grad_norm = number(options, "maxGradNorm");
    settings.micro_batch_tokens = integer(options, "microBatchTokens");
    const Napi::Value activations = options.Get("activations");
    settings.activations = one_of<ActivationMode>(
        activations.IsString() ? activations.As<Napi::String>().Utf8Value() : "auto", "activations",
        {{"auto", ActivationMode::automatic}, {"keep", ActivationMode::keep}, {"recompute", ActivationMode::recompute}});
    return settings;
}

std::vector<int32_t> read_tokens(const Napi::Value & value) {
    const auto tokens = value.As<Napi::Int32Array>();
    return {tokens.Data(), tokens.Data() + tokens.ElementLength()};
}

std::vector<Sample> read_samples(const Napi::Array & array) {
    std::vector<Sample> samples;
    for (uint32_t i = 0; i < array.Length(); i++) {
        const Napi::Object sample = array.Get(i).As<Napi::Object>();
        samples.push_back({read_tokens(sample.Get("tokens")), integer(sample, "context")});
    }
    return samples;
}

class NativeTrainer : public Napi::ObjectWrap<NativeTrainer> {
public:
    static Napi::Function define(Napi::Env env) {
        return DefineClass(env, "NativeTrainer",
                           {InstanceAccessor<&NativeTrainer::steps>("steps"), InstanceMethod<&NativeTrainer::step>("step"),
                            InstanceMethod<&NativeTrainer::evaluate>("evaluate"), InstanceMethod<&NativeTrainer::logits>("logits"),
                            InstanceMethod<&NativeTrainer::save_adapter>("saveAdapter"),
                            InstanceMethod<&NativeTrainer::save_checkpoint>("saveCheckpoint"),
                            InstanceMethod<&NativeTrainer::load_checkpoint>("loadCheckpoint"),
                            InstanceMethod<&NativeTrainer::cancel>("cancel"), InstanceMethod<&NativeTrainer::dispose>("dispose")});
    }

    // Only createTrainer calls this, with the trainer it has made.
    explicit NativeTrainer(const Napi::CallbackInfo & info) : Napi::ObjectWrap<NativeTrainer>(info) {
        if (!info[0].IsExternal()) throw Napi::TypeError::New(info.Env(), "use createTrainer()");
        trainer_ = *info[0].As<Napi::External<std::shared_ptr<Trainer>>>().Data();
        // A process that ends while a step runs waits for the next micro-batch, not for the step.
        info.Env().AddCleanupHook([trainer = std::weak_ptr<Trainer>(trainer_)] {
            if (const auto alive = trainer.lock()) alive->set_cancelled(true);
        });
    }

private:
    Napi::Value steps(const Napi::CallbackInfo & info) {
        return guarded(info.Env(), [&]() -> Napi::Value { return Napi::Number::New(info.Env(), usable().steps()); });
    }

    Napi::Value step(const Napi::CallbackInfo & info) {
        return guarded(info.Env(), [&] {
            auto samples = read_samples(info[0].As<Napi::Array>());
            return start<StepResult>(
                info.Env(), [samples = std::move(samples)](Trainer & trainer) { return trainer.step(samples); },
                [](Napi::Env env, StepResult & step) -> Napi::Value {
                    Napi::Object object = Napi::Object::New(env);
                    object.Set("loss", step.loss);
                    object.Set("gradNorm", step.grad_norm);
                    object.Set("learningRate", step.learning_rate);
                    object.Set("tokens", step.tokens);
                    object.Set("lossTokens", step.loss_tokens);
                    return object;
                });
        });
    }

    Napi::Value evaluate(const Napi::CallbackInfo & info) {
        return guarded(info.Env(), [&] {
            auto samples = read_samples(info[0].As<Napi::Array>());
            const bool adapter = info[1].As<Napi::Boolean>();
            return start<std::vector<SampleLoss>>(
                info.Env(), [samples = std::move(samples), adapter](Trainer & trainer) { return trainer.evaluate(samples, adapter); },
                [](Napi::Env env, std::vector<SampleLoss> & losses) -> Napi::Value {
                    Napi::Array array = Napi::Array::New(env, losses.size());
                    for (uint32_t i = 0; i < losses.size(); i++) {
                        Napi::Object object = Napi::Object::New(env);
                        object.Set("loss", losses[i].loss);
                        object.Set("lossTokens", losses[i].loss_tokens);
                        array.Set(i, object);
                    }
                    return array;
                });
        });
    }

    Napi::Value logits(const Napi::CallbackInfo & info) {
        return guarded(info.Env(), [&] {
            auto tokens = read_tokens(info[0]);
            return start<std::vector<float>>(
                info.Env(), [tokens = std::move(tokens)](Trainer & trainer) { return trainer.logits(tokens); },
                [](Napi::Env env, std::vector<float> & values) -> Napi::Value {
                    Napi::Float32Array array = Napi::Float32Array::New(env, values.size());
                    std::memcpy(array.Data(), values.data(), values.size() * sizeof(float));
                    return array;
                });
        });
    }

    Napi::Value save_adapter(const Napi::CallbackInfo & info) {
        return guarded(info.Env(), [&] {
            std::map<std::string, std::string> metadata;
            const Napi::Object given = info[1].As<Napi::Object>();
            const Napi::Array keys = given.GetPropertyNames();
            for (uint32_t i = 0; i < keys.Length(); i++) {
                const std::string key = keys.Get(i).As<Napi::String>();
                metadata[key] = given.Get(key).As<Napi::String>();
            }
            return start_void(info, [metadata = std::move(metadata)](Trainer & trainer, const std::string & path) {
                trainer.save_adapter(path, metadata);
            });
        });
    }

    Napi::Value save_checkpoint(const Napi::CallbackInfo & info) {
        return guarded(info.Env(), [&] {
            return start_void(info, [](Trainer & trainer, const std::string & path) { trainer.save_checkpoint(path); });
        });
    }

    Napi::Value load_checkpoint(const Napi::CallbackInfo & info) {
        return guarded(info.Env(), [&] {
            return start_void(info, [](Trainer & trainer, const std::string & path) { trainer.load_checkpoint(path); });
        });
    }

    // Nothing runs: nothing to cancel, and the next call must not suffer from it.
    void cancel(const Napi::CallbackInfo &) {
        if (busy_) trainer_->set_cancelled(true);
    }

    Napi::Value dispose(const Napi::CallbackInfo & info) {
        const auto deferred = Napi::Promise::Deferred::New(info.Env());
        disposed_ = true;
        disposals_.push_back(deferred);
        if (busy_) trainer_->set_cancelled(true);
        else release();
        return deferred.Promise();
    }

    Trainer & usable() const {
        if (disposed_) throw Error(Code::native_failure, "this trainer is disposed");
        return *trainer_;
    }

    // Runs work(trainer) on a thread; this object stays alive until it has ended.
    template <typename Result>
    Napi::Value start(Napi::Env env, std::function<Result(Trainer &)> work, typename Worker<Result>::ToJs to_js) {
        usable();
        if (busy_) throw Error(Code::native_failure, "this trainer is busy: one call runs at a time");
        busy_ = true;
        return Worker<Result>::start(
            env, Value(), [work = std::move(work), trainer = trainer_] { return work(*trainer); }, std::move(to_js), [this] { finished(); });
    }

    // The same for work on the path in the first argument that yields nothing.
    Napi::Value start_void(const Napi::CallbackInfo & info, std::function<void(Trainer &, const std::string &)> work) {
        const std::string path = info[0].As<Napi::String>();
        return start<bool>(
            info.Env(),
            [work = std::move(work), path](Trainer & trainer) {
                work(trainer, path);
                return true;
            },
            [](Napi::Env env, bool &) -> Napi::Value { return env.Undefined(); });
    }

    void finished() {
        busy_ = false;
        trainer_->set_cancelled(false);
        if (disposed_) release();
    }

    void release() {
        trainer_.reset();
        for (const auto & deferred : disposals_) deferred.Resolve(Env().Undefined());
        disposals_.clear();
    }

    std::shared_ptr<Trainer> trainer_;
    bool busy_ = false, disposed_ = false;
    std::vector<Napi::Promise::Deferred> disposals_;  // promises of dispose() that wait for the running call
};

// The class is not exported: only createTrainer has its constructor.
Napi::Value create_trainer(const Napi::CallbackInfo & info, const std::shared_ptr<Napi::FunctionReference> & constructor) {
    return guarded(info.Env(), [&]() -> Napi::Value {
        const TrainerSettings settings = read_settings(info[0].As<Napi::Object>());
        return Worker<std::shared_ptr<Trainer>>::start(
            info.Env(), Napi::Object(), [settings] { return std::make_shared<Trainer>(settings); },
            [constructor](Napi::Env env, std::shared_ptr<Trainer> & trainer) -> Napi::Value {
                return constructor->New({Napi::External<std::shared_ptr<Trainer>>::New(env, &trainer)});
            });
    });
}

}  // namespace

void export_trainer(Napi::Env env, Napi::Object exports) {
    auto constructor = std::make_shared<Napi::FunctionReference>(Napi::Persistent(NativeTrainer::define(env)));
    constructor->SuppressDestruct();  // the environment frees it when it ends, before this could
    auto create = [constructor](const Napi::CallbackInfo & info) { return create_trainer(info, constructor); };
    exports.Set("createTrainer", Napi::Function::New(env, create, "createTrainer"));
}

}  // namespace isheep
