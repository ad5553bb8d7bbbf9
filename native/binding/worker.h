// The one frame of every asynchronous native job: work runs on a thread of libuv's pool, its result or error settles a
// promise on the JavaScript thread.
#pragma once

#include "binding/js-error.h"

#include <napi.h>

#include <exception>
#include <functional>
#include <utility>

namespace isheep {

// Result: what `work` returns. `to_js` runs on the JavaScript thread. `owner` (a JavaScript object, may be empty) stays
// alive until the job has ended.
template <typename Result> class Worker : public Napi::AsyncWorker {
public:
    using Work = std::function<Result()>;
    using ToJs = std::function<Napi::Value(Napi::Env, Result &)>;

    static Napi::Promise start(Napi::Env env, Napi::Object owner, Work work, ToJs to_js,
                               std::function<void()> finally = {}) {
        auto * worker = new Worker(env, std::move(work), std::move(to_js), std::move(finally));
        if (!owner.IsEmpty()) worker->owner_ = Napi::Persistent(owner);
        worker->Queue();
        return worker->deferred_.Promise();
    }

protected:
    void Execute() override {
        try {
            result_ = work_();
        } catch (...) {
            failure_ = std::current_exception();
        }
    }

    void OnOK() override {
        Napi::HandleScope scope(Env());
        try {
            settle();
        } catch (const Napi::Error &) {
            // The environment is going down (a worker thread was terminated): nobody is left to be told.
        }
    }

private:
    void settle() {
        try {
            if (finally_) finally_();
            if (failure_) std::rethrow_exception(failure_);
            deferred_.Resolve(to_js_(Env(), result_));
        } catch (...) {
            deferred_.Reject(js_error(Env(), std::current_exception()));
        }
    }

    Worker(Napi::Env env, Work work, ToJs to_js, std::function<void()> finally)
        : Napi::AsyncWorker(env),
          deferred_(Napi::Promise::Deferred::New(env)),
          work_(std::move(work)),
          to_js_(std::move(to_js)),
          finally_(std::move(finally)) {}

    Napi::Promise::Deferred deferred_;
    Napi::ObjectReference owner_;
    Work work_;
    ToJs to_js_;
    std::function<void()> finally_;  // on the JavaScript thread, whatever happened; what it throws is the job's failure
    Result result_{};
    std::exception_ptr failure_;
};

}  // namespace isheep
