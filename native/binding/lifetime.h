// How a native object ends: explicitly by dispose(), which first cancels its running jobs and waits for them, or when
// JavaScript has forgotten it. Lives on the JavaScript thread; no locks.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace isheep {

class Lifetime : public std::enable_shared_from_this<Lifetime> {
public:
    // what: the object's name in messages. cancel: asks running jobs to end. release: frees the object's memory, once,
    // when no job runs and all children are released.
    Lifetime(std::string what, std::function<void()> cancel, std::function<void()> release);

    // The child is disposed before its parent.
    void adopt(const std::shared_ptr<Lifetime> & child);

    // Throws Error(bad_config) if the object is disposed.
    void check_usable() const;
    // Or if a job runs: for what does one call at a time.
    void check_idle() const;
    bool is_busy() const { return n_jobs_ > 0; }

    void begin_job();
    void end_job();

    // Calls `then` once everything is released, at once if it is. May be called again.
    void dispose(std::function<void()> then);

private:
    void release_if_possible();

    std::string what_;
    std::function<void()> cancel_, release_;
    std::vector<std::weak_ptr<Lifetime>> children_;
    std::vector<std::function<void()>> waiting_;
    size_t n_jobs_ = 0;
    size_t n_children_ending_ = 0;
    bool disposed_ = false;
    bool released_ = false;
};

}  // namespace isheep
