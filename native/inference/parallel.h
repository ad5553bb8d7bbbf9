// Work on the rows of one batch, spread over threads that wait between the batches.
#pragma once

#include <atomic>
#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace isheep {

class Parallel {
public:
    explicit Parallel(size_t n_threads);  // the calling thread is one of them; fewer where the system refuses some
    ~Parallel();
    Parallel(const Parallel &) = delete;
    Parallel & operator=(const Parallel &) = delete;

    size_t n_threads() const { return threads_.size() + 1; }

    // body(item, thread) for every item in [0, n), in any order; throws the first exception of a body after all ended.
    void run(size_t n, const std::function<void(size_t, size_t)> & body);

private:
    void wait_for_work(size_t thread);
    void take_items(size_t thread);

    std::vector<std::thread> threads_;
    std::mutex mutex_;
    std::condition_variable work_, done_;
    const std::function<void(size_t, size_t)> * body_ = nullptr;
    size_t n_items_ = 0;
    std::atomic<size_t> next_{0};
    size_t n_busy_ = 0;
    size_t round_ = 0;
    bool ends_ = false;
    std::exception_ptr failure_;
};

}  // namespace isheep
