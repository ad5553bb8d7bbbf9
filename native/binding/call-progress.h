// What a running job tells JavaScript: items are put into a queue by the job's thread and handed to a function on the
// JavaScript thread, all of them before the job's promise settles. A function that throws cancels the job, whose promise
// then rejects with what was thrown.
#pragma once

#include <napi.h>

#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace isheep {

template <typename Item>
class CallProgress : public std::enable_shared_from_this<CallProgress<Item>> {
public:
    using ToJs = Napi::Value (*)(Napi::Env, const Item &);

    static std::shared_ptr<CallProgress> create(Napi::Env env, Napi::Function callback, ToJs to_js,
                                                std::function<void()> cancel) {
        auto progress = std::shared_ptr<CallProgress>(new CallProgress());
        progress->to_js_ = to_js;
        progress->cancel_ = std::move(cancel);
        progress->callback_ = Napi::Persistent(callback);
        progress->wake_ = Napi::ThreadSafeFunction::New(env, callback, "isheep progress", 0, 1);
        progress->wake_.Unref(env);  // the job keeps the process alive, not its news
        return progress;
    }

    // On the job's thread.
    void tell(Item item) {
        {
            std::lock_guard<std::mutex> lock(mutex_);
            queue_.push_back(std::move(item));
            if (woken_ || closed_) return;
            woken_ = true;
        }
        std::weak_ptr<CallProgress> weak = this->weak_from_this();
        const napi_status status = wake_.NonBlockingCall([weak](Napi::Env, Napi::Function) {
            if (const auto progress = weak.lock()) progress->drain();
        });
        if (status != napi_ok) {
            std::lock_guard<std::mutex> lock(mutex_);
            closed_ = true;  // the environment is going down: nobody listens any more
        }
    }

    // On the JavaScript thread, after the job. Throws what the function threw.
    void finish() {
        drain();
        if (!closed_) wake_.Release();
        if (failure_) throw Napi::Error(*failure_);
    }

private:
    CallProgress() = default;

    // On the JavaScript thread.
    void drain() {
        std::vector<Item> items;
        {
            std::lock_guard<std::mutex> lock(mutex_);
            items.swap(queue_);
            woken_ = false;
        }
        Napi::Env env = callback_.Env();
        Napi::HandleScope scope(env);
        for (const Item & item : items) {
            if (failure_) return;
            try {
                callback_.Call({to_js_(env, item)});
            } catch (const Napi::Error & error) {
                failure_ = std::make_unique<Napi::Error>(error);
                cancel_();
            }
        }
    }

    ToJs to_js_ = nullptr;
    std::function<void()> cancel_;
    Napi::FunctionReference callback_;
    Napi::ThreadSafeFunction wake_;
    std::unique_ptr<Napi::Error> failure_;
    std::mutex mutex_;
    std::vector<Item> queue_;
    bool woken_ = false;
    bool closed_ = false;
};

}  // namespace isheep
