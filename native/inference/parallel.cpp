#include "inference/parallel.h"

#include <system_error>

namespace isheep {

Parallel::Parallel(size_t n_threads) {
    try {
        for (size_t i = 1; i < n_threads; i++) threads_.emplace_back([this, i] { wait_for_work(i); });
    } catch (const std::system_error &) {  // the system gives no more: those that there are do the work
    }
}

Parallel::~Parallel() {
    {
        std::lock_guard<std::mutex> lock(mutex_);
        ends_ = true;
    }
    work_.notify_all();
    for (std::thread & thread : threads_) thread.join();
}

void Parallel::run(size_t n, const std::function<void(size_t, size_t)> & body) {
    {
        std::lock_guard<std::mutex> lock(mutex_);
        body_ = &body;
        n_items_ = n;
        next_ = 0;
        n_busy_ = n > 1 ? threads_.size() : 0;
        if (n_busy_ > 0) round_++;
        failure_ = nullptr;
    }
    if (n > 1) work_.notify_all();
    take_items(0);
    std::unique_lock<std::mutex> lock(mutex_);
    done_.wait(lock, [this] { return n_busy_ == 0; });
    if (failure_) std::rethrow_exception(failure_);
}

void Parallel::wait_for_work(size_t thread) {
    size_t seen = 0;
    for (;;) {
        {
            std::unique_lock<std::mutex> lock(mutex_);
            work_.wait(lock, [&] { return ends_ || round_ != seen; });
            if (ends_) return;
            seen = round_;
        }
        take_items(thread);
        std::lock_guard<std::mutex> lock(mutex_);
        if (--n_busy_ == 0) done_.notify_one();
    }
}

void Parallel::take_items(size_t thread) {
    for (size_t item = next_++; item < n_items_; item = next_++) {
        try {
            (*body_)(item, thread);
        } catch (...) {
            std::lock_guard<std::mutex> lock(mutex_);
            if (!failure_) failure_ = std::current_exception();
        }
    }
}

}  // namespace isheep
