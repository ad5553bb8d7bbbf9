// createTrainer and NativeTrainer of src/native/addon-types.ts: reads arguments, runs training/trainer on a thread of
// the pool, hands results over. One call runs at a time; a disposed object only answers with errors.
#include "training/trainer.h"

#include "binding/arguments.h"
#include "binding/exports.h"
#include "binding/handle.h"
#include "binding/js-error.h"
#include "binding/optimizer-options.h"
#include "binding/worker.h"
#include "common/gguf-file.h"
#include "common/status.h"
#include "training/architecture.h"

#include <algorithm>
#include <memory>
#include <sstream>

namespace isheep {
namespace {

int integer_of(const Napi::Object & object, const char * key) {
    return object.Get(key).As<Napi::Number>().Int32Value();
}

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

// What decides how much memory a training takes.
TrainerSettings read_shape(const Napi::Object & options) {
    TrainerSettings settings;
    settings.model_path = string_of(options, "modelPath");
    settings.device = string_of(options, "device");
    settings.threads = integer_of(options, "threads");
    settings.lora.rank = integer_of(options, "rank");
    settings.lora.targets = read_targets(options.Get("targets").As<Napi::Array>());
    settings.micro_batch_tokens = integer_of(options, "microBatchTokens");
    settings.longest_sample = integer_of(options, "longestSample");
    settings.memory.bytes = (size_t) number_of(options, "memoryBytes");
    settings.memory.process = (size_t) number_of(options, "processBytes");
    settings.free_host_bytes = (size_t) number_of(options, "freeHostBytes");
    settings.memory.copied = one_of<std::optional<CopiedWeights>>(string_of(options, "copiedWeights"), "copiedWeights",
                                                                  {{"auto", std::nullopt},
                                                                   {"none", CopiedWeights::none},
                                                                   {"transposed", CopiedWeights::transposed},
                                                                   {"all", CopiedWeights::all}});
    settings.memory.keep_activations =
        one_of<std::optional<bool>>(string_of(options, "activations"), "activations",
                                    {{"auto", std::nullopt}, {"keep", true}, {"recompute", false}});
    return settings;
}

TrainerSettings read_settings(const Napi::Object & options) {
    TrainerSettings settings = read_shape(options);
    settings.lora.alpha = number_of(options, "alpha");
    settings.lora.rank_stabilized = options.Get("rankStabilized").As<Napi::Boolean>();
    settings.dropout = number_of(options, "dropout");
    settings.seed = (uint64_t) options.Get("seed").As<Napi::Number>().Int64Value();
    settings.init_adapter_path = string_of(options, "initAdapterPath");
    settings.base_sha256 = optional_string_of(options, "baseSha256");
    settings.schedule = schedule_of(options);
    settings.adamw = adamw_of(options);
    settings.max_grad_norm = number_of(options, "maxGradNorm");
    return settings;
}

std::vector<Sample> read_samples(const Napi::Array & array) {
    std::vector<Sample> samples;
    for (uint32_t i = 0; i < array.Length(); i++) {
        Napi::HandleScope scope(array.Env());
        const Napi::Object sample = array.Get(i).As<Napi::Object>();
        samples.push_back({tokens_of(sample.Get("tokens")), integer_of(sample, "context"),
                           optional_string_of(sample, "id"), (float) optional_number_of(sample, "weight", 1)});
    }
    return samples;
}

Napi::Value memory_plan_object(Napi::Env env, const MemoryPlan & plan) {
    Napi::Object object = Napi::Object::New(env);
    object.Set("copiedWeights", name_of(plan.copied));
    object.Set("process", (double) plan.process);
    object.Set("mapped", (double) plan.mapped);
    object.Set("copies", (double) plan.copies);
    object.Set("adapter", (double) plan.adapter);
    object.Set("graphs", (double) plan.graphs);
    object.Set("activations", (double) plan.activations);
    object.Set("copying", (double) plan.copying);
    object.Set("total", (double) plan.total());
    return object;
}

using TrainerHandle = Handle<Trainer>;

class TrainerObject : public Napi::ObjectWrap<TrainerObject> {
public:
    static Napi::Function define(Napi::Env env) {
        return DefineClass(
            env, "NativeTrainer",
            {InstanceAccessor<&TrainerObject::steps>("steps"),
             InstanceAccessor<&TrainerObject::memory_plan>("memoryPlan"),
             InstanceAccessor<&TrainerObject::seconds_by_part>("secondsByPart"),
             InstanceAccessor<&TrainerObject::base_fingerprint>("baseFingerprint"),
             InstanceMethod<&TrainerObject::step>("step"), InstanceMethod<&TrainerObject::evaluate>("evaluate"),
             InstanceMethod<&TrainerObject::logits>("logits"), InstanceMethod<&TrainerObject::keep_best>("keepBest"),
             InstanceMethod<&TrainerObject::save_adapter>("saveAdapter"),
             InstanceMethod<&TrainerObject::save_checkpoint>("saveCheckpoint"),
             InstanceMethod<&TrainerObject::load_checkpoint>("loadCheckpoint"),
             InstanceMethod<&TrainerObject::cancel>("cancel"), InstanceMethod<&TrainerObject::dispose>("dispose")});
    }

    explicit TrainerObject(const Napi::CallbackInfo & info) : Napi::ObjectWrap<TrainerObject>(info) {
        handle_ = TrainerHandle::given(info, "trainers are made by createTrainer");
    }

private:
    Napi::Value steps(const Napi::CallbackInfo & info) {
        return guarded(info.Env(), [&]() -> Napi::Value {
            handle_->lifetime->check_usable();
            return Napi::Number::New(info.Env(), handle_->native->steps());
        });
    }

    Napi::Value base_fingerprint(const Napi::CallbackInfo & info) {
        return guarded(info.Env(), [&]() -> Napi::Value {
            handle_->lifetime->check_usable();
            std::ostringstream text;
            text << std::hex << handle_->native->base_fingerprint();
            return Napi::String::New(info.Env(), text.str());
        });
    }

    Napi::Value memory_plan(const Napi::CallbackInfo & info) {
        return guarded(info.Env(), [&]() -> Napi::Value {
            handle_->lifetime->check_usable();
            return memory_plan_object(info.Env(), handle_->native->memory_plan());
        });
    }

    Napi::Value seconds_by_part(const Napi::CallbackInfo & info) {
        return guarded(info.Env(), [&]() -> Napi::Value {
            handle_->lifetime->check_usable();
            Napi::Object object = Napi::Object::New(info.Env());
            const Profile * profile = handle_->native->profile();
            if (!profile) return object;
            for (const auto & [part, seconds] : profile->seconds()) object.Set(part, seconds);
            return object;
        });
    }

    Napi::Value step(const Napi::CallbackInfo & info) {
        return guarded(info.Env(), [&] {
            auto samples = read_samples(info[0].As<Napi::Array>());
            return start<StepResult>(
                info, [samples = std::move(samples)](Trainer & trainer) { return trainer.step(samples); },
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
                info,
                [samples = std::move(samples), adapter](Trainer & trainer) {
                    return trainer.evaluate(samples, adapter);
                },
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
            auto tokens = tokens_of(info[0]);
            return start<std::vector<float>>(
                info, [tokens = std::move(tokens)](Trainer & trainer) { return trainer.logits(tokens); },
                [](Napi::Env env, std::vector<float> & values) -> Napi::Value {
                    Napi::Float32Array array = Napi::Float32Array::New(env, values.size());
                    std::copy(values.begin(), values.end(), array.Data());
                    return array;
                });
        });
    }

    Napi::Value keep_best(const Napi::CallbackInfo & info) {
        return guarded(info.Env(), [&] {
            const auto keep = [](Trainer & trainer) {
                trainer.keep_best();
                return true;
            };
            return start<bool>(info, keep, [](Napi::Env env, bool &) -> Napi::Value { return env.Undefined(); });
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
            const bool best = info[2].As<Napi::Boolean>();
            const auto save = [metadata = std::move(metadata), best](Trainer & trainer, const std::string & path) {
                trainer.save_adapter(path, metadata, best);
            };
            return start_on_path(info, save);
        });
    }

    Napi::Value save_checkpoint(const Napi::CallbackInfo & info) {
        return guarded(info.Env(), [&] {
            return start_on_path(info,
                                 [](Trainer & trainer, const std::string & path) { trainer.save_checkpoint(path); });
        });
    }

    Napi::Value load_checkpoint(const Napi::CallbackInfo & info) {
        return guarded(info.Env(), [&] {
            return start_on_path(info,
                                 [](Trainer & trainer, const std::string & path) { trainer.load_checkpoint(path); });
        });
    }

    void cancel(const Napi::CallbackInfo & info) {
        guarded(info.Env(), [&] {
            handle_->lifetime->check_usable();
            if (handle_->lifetime->is_busy()) handle_->native->set_cancelled(true);
        });
    }

    Napi::Value dispose(const Napi::CallbackInfo & info) { return handle_->dispose(info.Env()); }

    // Runs work(trainer) on a thread; this object stays alive until it has ended.
    template <typename Result>
    Napi::Value start(const Napi::CallbackInfo & info, std::function<Result(Trainer &)> work,
                      typename Worker<Result>::ToJs to_js) {
        const std::shared_ptr<TrainerHandle> handle = handle_;
        handle->lifetime->check_idle();
        handle->native->set_cancelled(false);
        handle->lifetime->begin_job();
        return Worker<Result>::start(
            info.Env(), info.This().As<Napi::Object>(),
            [handle, work = std::move(work)] { return work(*handle->native); }, std::move(to_js),
            [handle] { handle->lifetime->end_job(); });
    }

    // The same for work on the path in the first argument that yields nothing.
    Napi::Value start_on_path(const Napi::CallbackInfo & info,
                              std::function<void(Trainer &, const std::string &)> work) {
        const std::string path = info[0].As<Napi::String>().Utf8Value();
        const auto on_path = [work = std::move(work), path](Trainer & trainer) {
            work(trainer, path);
            return true;
        };
        return start<bool>(info, on_path, [](Napi::Env env, bool &) -> Napi::Value { return env.Undefined(); });
    }

    std::shared_ptr<TrainerHandle> handle_;
};

Napi::Value trainer_object(Napi::Env env, std::shared_ptr<Trainer> trainer) {
    const auto cancel = [](Trainer & running) { running.set_cancelled(true); };
    auto handle = TrainerHandle::own("trainer", std::move(trainer), cancel);
    // A process that ends while a step runs waits for the next micro-batch, not for the whole step.
    env.AddCleanupHook([weak = std::weak_ptr<TrainerHandle>(handle)] {
        const auto locked = weak.lock();
        if (locked && locked->native) locked->native->set_cancelled(true);
    });
    return object_of<TrainerObject>(env, std::move(handle));
}

Napi::Value create_trainer(const Napi::CallbackInfo & info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
        const TrainerSettings settings = read_settings(info[0].As<Napi::Object>());
        const bool profile = info[0].As<Napi::Object>().Get("profile").ToBoolean();
        return Worker<std::shared_ptr<Trainer>>::start(
            info.Env(), Napi::Object(),
            [settings, profile] {
                auto trainer = std::make_shared<Trainer>(settings);
                if (profile) trainer->measure();
                return trainer;
            },
            [](Napi::Env env, std::shared_ptr<Trainer> & trainer) { return trainer_object(env, std::move(trainer)); });
    });
}

Napi::Value forecast_training(const Napi::CallbackInfo & info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
        const TrainerSettings settings = read_shape(info[0].As<Napi::Object>());
        return Worker<MemoryPlan>::start(
            info.Env(), Napi::Object(), [settings] { return forecast_memory(settings); },
            [](Napi::Env env, MemoryPlan & plan) -> Napi::Value { return memory_plan_object(env, plan); });
    });
}

// Reads the header only, so that a model that cannot be trained is refused before hours of other work.
Napi::Value check_trainable(const Napi::CallbackInfo & info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
        read_architecture(GgufFile(info[0].As<Napi::String>().Utf8Value()));
        return info.Env().Undefined();
    });
}

}  // namespace

void export_trainer(Napi::Env env, Napi::Object exports) {
    exports.Set("checkTrainable", Napi::Function::New(env, check_trainable, "checkTrainable"));
    exports.Set("forecastTraining", Napi::Function::New(env, forecast_training, "forecastTraining"));
    exports.Set("createTrainer", Napi::Function::New(env, create_trainer, "createTrainer"));
}

}  // namespace isheep
