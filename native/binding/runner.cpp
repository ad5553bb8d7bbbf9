// NativeRunner: one call at a time, on a thread of libuv's pool; finished requests are told while it runs.
#include "binding/arguments.h"
#include "binding/call-progress.h"
#include "binding/handle.h"
#include "binding/inference.h"
#include "binding/js-error.h"
#include "binding/worker.h"
#include "inference/comparison.h"
#include "inference/embeddings.h"
#include "inference/generation.h"
#include "inference/log-probabilities.h"

namespace isheep {
namespace {

constexpr napi_type_tag runner_tag = {0x697368656570526e, 0x72756e6e65723031};

using RunnerHandle = Handle<BatchRunner>;

GenerateRequest generate_request(const Napi::Object & object) {
    GenerateRequest request;
    request.tokens = tokens_of(object.Get("tokens"));
    request.n_max = count_of(object, "maxTokens");
    const Napi::Array stop = object.Get("stop").As<Napi::Array>();
    for (uint32_t i = 0; i < stop.Length(); i++) request.stop.push_back(stop.Get(i).As<Napi::String>());
    if (object.Get("stopTokens").IsTypedArray()) request.stop_tokens = tokens_of(object.Get("stopTokens"));
    request.grammar = optional_string_of(object, "grammar");
    const Napi::Object sampling = object.Get("sampling").As<Napi::Object>();
    request.sampling = {(float) number_of(sampling, "temperature"),
                        sampling.Get("topK").As<Napi::Number>().Int32Value(), (float) number_of(sampling, "topP"),
                        (float) number_of(sampling, "minP")};
    request.seed = count_of(object, "seed");
    request.until_number = object.Get("untilNumber").ToBoolean();
    if (object.Has("stopAtRepetition")) request.n_repeated = count_of(object, "stopAtRepetition");
    return request;
}

ScoreRequest score_request(const Napi::Object & object) {
    return {tokens_of(object.Get("tokens")), count_of(object, "context"), tokens_of(object.Get("next")),
            object.Has("places") ? count_of(object, "places") : 1};
}

EmbedRequest embed_request(const Napi::Object & object) {
    return {tokens_of(object.Get("tokens")), count_of(object, "before")};
}

template <typename Request>
std::vector<Request> requests_of(const Napi::Value & value, Request (*read)(const Napi::Object &)) {
    const Napi::Array array = value.As<Napi::Array>();
    std::vector<Request> requests;
    for (uint32_t i = 0; i < array.Length(); i++) {
        Napi::HandleScope scope(value.Env());
        requests.push_back(read(array.Get(i).As<Napi::Object>()));
    }
    return requests;
}

Napi::Value completion_object(Napi::Env env, const Completion & completion) {
    const char * const stops[] = {"end", "length", "string", "repetition"};
    Napi::Object object = Napi::Object::New(env);
    object.Set("index", (double) completion.index);
    object.Set("text", completion.text);
    object.Set("tokens", int32_array(env, completion.tokens));
    object.Set("stop", stops[(int) completion.stop]);
    object.Set("logprob", completion.logprob);
    object.Set("logprobs", float64_array(env, completion.logprobs));
    object.Set("endLogprobs", float64_array(env, completion.end_logprobs));
    return object;
}

Napi::Value score_object(Napi::Env env, const Score & score) {
    Napi::Object object = Napi::Object::New(env);
    object.Set("logprobs", float64_array(env, score.logprobs));
    object.Set("nextLogprobs", float64_array(env, score.next_logprobs));
    return object;
}

Napi::Value vector_array(Napi::Env env, const std::vector<float> & vector) {
    return float32_array(env, vector);
}

Napi::Value comparison_object(Napi::Env env, const Comparison & comparison) {
    Napi::Object object = Napi::Object::New(env);
    object.Set("divergences", float64_array(env, comparison.divergences));
    object.Set("logprobs", float64_array(env, comparison.logprobs));
    object.Set("otherLogprobs", float64_array(env, comparison.other_logprobs));
    return object;
}

Napi::Value done_number(Napi::Env env, const size_t & done) {
    return Napi::Number::New(env, (double) done);
}

template <typename Item>
Napi::Value array_of(Napi::Env env, const std::vector<Item> & items, Napi::Value (*to_js)(Napi::Env, const Item &)) {
    Napi::Array array = Napi::Array::New(env, items.size());
    for (size_t i = 0; i < items.size(); i++) {
        Napi::HandleScope scope(env);
        array.Set((uint32_t) i, to_js(env, items[i]));
    }
    return array;
}

class RunnerObject : public Napi::ObjectWrap<RunnerObject> {
public:
    static Napi::Function define(Napi::Env env) {
        return DefineClass(
            env, "NativeRunner",
            {InstanceMethod<&RunnerObject::set_adapters>("setAdapters"),
             InstanceMethod<&RunnerObject::generate_all>("generate"), InstanceMethod<&RunnerObject::score_all>("score"),
             InstanceMethod<&RunnerObject::embed_all>("embed"), InstanceMethod<&RunnerObject::compare_all>("compare"),
             InstanceMethod<&RunnerObject::cancel>("cancel"), InstanceMethod<&RunnerObject::dispose>("dispose")});
    }

    explicit RunnerObject(const Napi::CallbackInfo & info) : Napi::ObjectWrap<RunnerObject>(info) {
        handle_ = RunnerHandle::given(info, "runners are made by createRunner");
        info.This().As<Napi::Object>().TypeTag(&runner_tag);
    }

private:
    void set_adapters(const Napi::CallbackInfo & info) {
        guarded(info.Env(), [&] {
            handle_->lifetime->check_idle();
            std::vector<std::shared_ptr<Adapter>> adapters;
            std::vector<float> scales;
            const Napi::Array given = info[0].As<Napi::Array>();
            for (uint32_t i = 0; i < given.Length(); i++) {
                const Napi::Object item = given.Get(i).As<Napi::Object>();
                adapters.push_back(adapter_of(item.Get("adapter")));
                scales.push_back((float) number_of(item, "scale"));
            }
            handle_->native->set_adapters(std::move(adapters), std::move(scales));
        });
    }

    Napi::Value generate_all(const Napi::CallbackInfo & info) {
        return guarded(info.Env(), [&] {
            handle_->lifetime->check_idle();
            const auto run = [](BatchRunner & runner, const std::vector<GenerateRequest> & requests,
                                CallProgress<Completion> & progress) {
                return generate(runner, requests, [&](const Completion & completion) { progress.tell(completion); });
            };
            return start_call<GenerateRequest, Completion, Completion>(info, generate_request, completion_object,
                                                                       completion_object, run);
        });
    }

    Napi::Value score_all(const Napi::CallbackInfo & info) {
        return guarded(info.Env(), [&] {
            handle_->lifetime->check_idle();
            const auto run = [](BatchRunner & runner, const std::vector<ScoreRequest> & requests,
                                CallProgress<size_t> & progress) {
                return score(runner, requests, [&](size_t done) { progress.tell(done); });
            };
            return start_call<ScoreRequest, Score, size_t>(info, score_request, score_object, done_number, run);
        });
    }

    Napi::Value embed_all(const Napi::CallbackInfo & info) {
        return guarded(info.Env(), [&] {
            handle_->lifetime->check_idle();
            const auto run = [](BatchRunner & runner, const std::vector<EmbedRequest> & requests,
                                CallProgress<size_t> & progress) {
                return embed(runner, requests, [&](size_t done) { progress.tell(done); });
            };
            return start_call<EmbedRequest, std::vector<float>, size_t>(info, embed_request, vector_array, done_number,
                                                                        run);
        });
    }

    // Arguments: the other runner, requests, and a function that gets the number done.
    Napi::Value compare_all(const Napi::CallbackInfo & info) {
        return guarded(info.Env(), [&]() -> Napi::Value {
            const std::shared_ptr<RunnerHandle> handle = handle_, other = runner_of(info[0]).handle_;
            for (const auto & one : {handle, other}) one->lifetime->check_idle();
            auto requests = std::make_shared<std::vector<ScoreRequest>>(requests_of(info[1], score_request));
            const auto cancel = [handle, other] {
                for (const auto & one : {handle, other}) {
                    if (one->native) one->native->cancel();
                }
            };
            auto progress = CallProgress<size_t>::create(info.Env(), info[2].As<Napi::Function>(), done_number, cancel);
            std::weak_ptr<CallProgress<size_t>> weak = progress;
            for (const auto & one : {handle, other}) {
                one->native->allow();
                one->native->on_batch([weak] {
                    if (const auto locked = weak.lock()) locked->beat();
                });
                one->lifetime->begin_job();
            }
            const auto work = [handle, other, requests, progress] {
                return compare(*handle->native, *other->native, *requests, [&](size_t done) { progress->tell(done); });
            };
            const auto to_js = [progress](Napi::Env env, std::vector<Comparison> & results) {
                return array_of(env, results, comparison_object);
            };
            const auto finally = [handle, other, progress] {
                for (const auto & one : {handle, other}) one->lifetime->end_job();
                progress->finish();
            };
            return Worker<std::vector<Comparison>>::start(info.Env(), info.This().As<Napi::Object>(), work, to_js,
                                                          finally);
        });
    }

    static const RunnerObject & runner_of(const Napi::Value & value) {
        if (!value.IsObject() || !value.As<Napi::Object>().CheckTypeTag(&runner_tag)) {
            throw Napi::TypeError::New(value.Env(), "a runner must be one that createRunner gave");
        }
        return *Unwrap(value.As<Napi::Object>());
    }

    // Arguments: requests and a function for what is told while they run.
    template <typename Request, typename Result, typename Told, typename Run>
    Napi::Value start_call(const Napi::CallbackInfo & info, Request (*read)(const Napi::Object &),
                           Napi::Value (*result_to_js)(Napi::Env, const Result &),
                           Napi::Value (*told_to_js)(Napi::Env, const Told &), Run run) {
        const std::shared_ptr<RunnerHandle> handle = handle_;
        auto requests = std::make_shared<std::vector<Request>>(requests_of(info[0], read));
        const auto cancel = [handle] {
            if (handle->native) handle->native->cancel();
        };
        auto progress = CallProgress<Told>::create(info.Env(), info[1].As<Napi::Function>(), told_to_js, cancel);
        std::weak_ptr<CallProgress<Told>> weak = progress;
        handle->native->allow();
        handle->native->on_batch([weak] {
            if (const auto locked = weak.lock()) locked->beat();
        });
        handle->lifetime->begin_job();
        const auto work = [handle, requests, progress, run] { return run(*handle->native, *requests, *progress); };
        const auto to_js = [progress, result_to_js](Napi::Env env, std::vector<Result> & results) {
            return array_of(env, results, result_to_js);
        };
        const auto finally = [handle, progress] {
            handle->lifetime->end_job();
            progress->finish();
        };
        return Worker<std::vector<Result>>::start(info.Env(), info.This().As<Napi::Object>(), work, to_js, finally);
    }

    void cancel(const Napi::CallbackInfo & info) {
        guarded(info.Env(), [&] {
            handle_->lifetime->check_usable();
            if (handle_->lifetime->is_busy()) handle_->native->cancel();
        });
    }

    Napi::Value dispose(const Napi::CallbackInfo & info) { return handle_->dispose(info.Env()); }

    std::shared_ptr<RunnerHandle> handle_;
};

}  // namespace

Napi::Object create_runner_object(Napi::Env env, Lifetime & parent, std::shared_ptr<BatchRunner> runner) {
    auto handle = RunnerHandle::own("runner", std::move(runner), [](BatchRunner & running) { running.cancel(); });
    parent.adopt(handle->lifetime);
    return object_of<RunnerObject>(env, std::move(handle));
}

}  // namespace isheep
