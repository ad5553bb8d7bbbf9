// What a running job tells JavaScript: items are put into a queue by the job's thread and handed to a function on the
// JavaScript thread, all of them before the job's promise settles. A function that throws cancels the job, whose promise
// then rejects with what was thrown.
//
// Beside news there is a beat: where JavaScript cannot run any more, since a worker thread was terminated, node still
// waits for the job. The beat notices that and cancels it.
#pragma once

#include <napi.h>

#include <chrono>
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
        std::lock_guard<std::mutex> lock(mutex_);
        queue_.push_back(std::move(item));
        wake();
    }

    // On the job's thread, as often as it likes.
    void beat() {
        const auto now = std::chrono::steady_clock::now();
        if (now - last_beat_ < std::chrono::milliseconds(250)) return;
        last_beat_ = now;
        std::lock_guard<std::mutex> lock(mutex_);
        wake();
    }

    // On the JavaScript thread, after the job. Throws what the function threw.
    void finish() {
        drain();
        if (!closed_) wake_.Release();
        if (failure_) throw Napi::Error(*failure_);
    }

private:
    CallProgress() = default;

    // On the job's thread, under the lock.
    void wake() {
        if (woken_ || closed_) return;
        std::weak_ptr<CallProgress> weak = this->weak_from_this();
        const napi_status status = wake_.NonBlockingCall([weak](Napi::Env, Napi::Function) {
            if (const auto progress = weak.lock()) progress->drain();
        });
        if (status == napi_ok) woken_ = true;
        else closed_ = true;
    }

    bool javascript_runs() const {
        try {
            callback_.Env().Global().Has("Object");
            return true;
        } catch (const Napi::Error &) {
            return false;
        }
    }

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
        if (!javascript_runs()) {
            cancel_();
            return;
        }
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
    bool woken_ = false;   // a drain is on its way
    bool closed_ = false;  // nobody listens any more
    std::chrono::steady_clock::time_point last_beat_ = std::chrono::steady_clock::now();
};

}  // namespace isheep
