// createFullTrainer and NativeFullTrainer of src/native/addon-types.ts, over training/full-finetune. One call runs at a
// time.
#include "training/full-finetune.h"

#include "binding/arguments.h"
#include "binding/disposal.h"
#include "binding/exports.h"
#include "binding/js-error.h"
#include "binding/lifetime.h"
#include "binding/optimizer-options.h"
#include "binding/worker.h"
#include "common/status.h"

#include <memory>

namespace isheep {
namespace {

FullFinetuneSettings read_settings(const Napi::Object & options) {
    FullFinetuneSettings settings;
    settings.model_path = string_of(options, "modelPath");
    settings.device = string_of(options, "device");
    settings.threads = (int) count_of(options, "threads");
    settings.free_host_bytes = (uint64_t) number_of(options, "freeHostBytes");
    settings.block_tokens = (int) count_of(options, "blockTokens");
    settings.micro_batch_tokens = (int) count_of(options, "microBatchTokens");
    settings.schedule = schedule_of(options);
    settings.adamw = adamw_of(options);
    return settings;
}

struct FullState {
    std::shared_ptr<FullFinetune> finetune;
    std::shared_ptr<Lifetime> lifetime;
};

class FullTrainerObject : public Napi::ObjectWrap<FullTrainerObject> {
public:
    static Napi::Function define(Napi::Env env) {
        return DefineClass(
            env, "NativeFullTrainer",
            {InstanceMethod<&FullTrainerObject::step>("step"), InstanceMethod<&FullTrainerObject::evaluate>("evaluate"),
             InstanceMethod<&FullTrainerObject::save>("save"), InstanceMethod<&FullTrainerObject::dispose>("dispose")});
    }

    explicit FullTrainerObject(const Napi::CallbackInfo & info) : Napi::ObjectWrap<FullTrainerObject>(info) {
        if (!info[0].IsExternal()) throw Napi::TypeError::New(info.Env(), "they are made by createFullTrainer");
        state_ = *info[0].As<Napi::External<std::shared_ptr<FullState>>>().Data();
    }

private:
    Napi::Value step(const Napi::CallbackInfo & info) {
        return guarded(info.Env(), [&] {
            auto tokens = tokens_of(info[0]);
            return start(info, [tokens = std::move(tokens)](FullFinetune & finetune) { return finetune.step(tokens); });
        });
    }

    Napi::Value evaluate(const Napi::CallbackInfo & info) {
        return guarded(info.Env(), [&] {
            auto tokens = tokens_of(info[0]);
            return start(info,
                         [tokens = std::move(tokens)](FullFinetune & finetune) { return finetune.evaluate(tokens); });
        });
    }

    Napi::Value save(const Napi::CallbackInfo & info) {
        return guarded(info.Env(), [&] {
            const std::string path = info[0].As<Napi::String>();
            return start(info, [path](FullFinetune & finetune) {
                finetune.save(path);
                return 0.0;
            });
        });
    }

    Napi::Value dispose(const Napi::CallbackInfo & info) { return dispose_promise(info.Env(), *state_->lifetime); }

    // Runs work on a thread -> {loss, learningRate}; this object stays alive until it has ended.
    Napi::Value start(const Napi::CallbackInfo & info, std::function<double(FullFinetune &)> work) {
        const std::shared_ptr<FullState> state = state_;
        state->lifetime->check_usable();
        if (state->lifetime->is_busy()) {
            throw Error(Code::bad_config, "the trainer is busy with another call", "wait until that call has ended");
        }
        state->lifetime->begin_job();
        return Worker<double>::start(
            info.Env(), info.This().As<Napi::Object>(), [state, work] { return work(*state->finetune); },
            [state](Napi::Env env, double & loss) -> Napi::Value {
                Napi::Object object = Napi::Object::New(env);
                object.Set("loss", loss);
                object.Set("learningRate", state->finetune->learning_rate());
                return object;
            },
            [state] { state->lifetime->end_job(); });
    }

    std::shared_ptr<FullState> state_;
};

Napi::Value full_trainer_object(Napi::Env env, std::shared_ptr<FullFinetune> finetune) {
    auto state = std::make_shared<FullState>();
    state->finetune = std::move(finetune);
    const std::weak_ptr<FullState> weak = state;
    const auto release = [weak] {
        if (const auto locked = weak.lock()) locked->finetune.reset();
    };
    state->lifetime = std::make_shared<Lifetime>("trainer", [] {}, release);
    return FullTrainerObject::define(env).New({Napi::External<std::shared_ptr<FullState>>::New(env, &state)});
}

Napi::Value create_full_trainer(const Napi::CallbackInfo & info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
        const FullFinetuneSettings settings = read_settings(info[0].As<Napi::Object>());
        return Worker<std::shared_ptr<FullFinetune>>::start(
            info.Env(), Napi::Object(), [settings] { return std::make_shared<FullFinetune>(settings); },
            [](Napi::Env env, std::shared_ptr<FullFinetune> & finetune) {
                return full_trainer_object(env, std::move(finetune));
            });
    });
}

}  // namespace

void export_full_trainer(Napi::Env env, Napi::Object exports) {
    exports.Set("createFullTrainer", Napi::Function::New(env, create_full_trainer, "createFullTrainer"));
}

}  // namespace isheep
