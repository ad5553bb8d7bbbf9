// createFullTrainer and NativeFullTrainer of src/native/addon-types.ts, over training/full-finetune. One call runs at a
// time.
#include "training/full-finetune.h"

#include "binding/arguments.h"
#include "binding/exports.h"
#include "binding/handle.h"
#include "binding/js-error.h"
#include "binding/optimizer-options.h"
#include "binding/worker.h"

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

class FullTrainerObject : public Napi::ObjectWrap<FullTrainerObject> {
public:
    static Napi::Function define(Napi::Env env) {
        return DefineClass(
            env, "NativeFullTrainer",
            {InstanceMethod<&FullTrainerObject::step>("step"), InstanceMethod<&FullTrainerObject::evaluate>("evaluate"),
             InstanceMethod<&FullTrainerObject::save>("save"), InstanceMethod<&FullTrainerObject::dispose>("dispose")});
    }

    explicit FullTrainerObject(const Napi::CallbackInfo & info) : Napi::ObjectWrap<FullTrainerObject>(info) {
        handle_ = Handle<FullFinetune>::given(info, "they are made by createFullTrainer");
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

    Napi::Value dispose(const Napi::CallbackInfo & info) { return handle_->dispose(info.Env()); }

    // Runs work on a thread -> {loss, learningRate}; this object stays alive until it has ended.
    Napi::Value start(const Napi::CallbackInfo & info, std::function<double(FullFinetune &)> work) {
        const std::shared_ptr<Handle<FullFinetune>> handle = handle_;
        handle->lifetime->check_idle();
        handle->lifetime->begin_job();
        return Worker<double>::start(
            info.Env(), info.This().As<Napi::Object>(), [handle, work] { return work(*handle->native); },
            [handle](Napi::Env env, double & loss) -> Napi::Value {
                Napi::Object object = Napi::Object::New(env);
                object.Set("loss", loss);
                object.Set("learningRate", handle->native->learning_rate());
                return object;
            },
            [handle] { handle->lifetime->end_job(); });
    }

    std::shared_ptr<Handle<FullFinetune>> handle_;
};

Napi::Value create_full_trainer(const Napi::CallbackInfo & info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
        const FullFinetuneSettings settings = read_settings(info[0].As<Napi::Object>());
        return Worker<std::shared_ptr<FullFinetune>>::start(
            info.Env(), Napi::Object(), [settings] { return std::make_shared<FullFinetune>(settings); },
            [](Napi::Env env, std::shared_ptr<FullFinetune> & finetune) -> Napi::Value {
                return object_of<FullTrainerObject>(env, Handle<FullFinetune>::own("trainer", std::move(finetune)));
            });
    });
}

}  // namespace

void export_full_trainer(Napi::Env env, Napi::Object exports) {
    exports.Set("createFullTrainer", Napi::Function::New(env, create_full_trainer, "createFullTrainer"));
}

}  // namespace isheep
