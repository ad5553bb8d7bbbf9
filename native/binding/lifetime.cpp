#include "binding/lifetime.h"

#include "common/status.h"

#include <algorithm>
#include <utility>

namespace isheep {

Lifetime::Lifetime(std::string what, std::function<void()> cancel, std::function<void()> release)
    : what_(std::move(what)), cancel_(std::move(cancel)), release_(std::move(release)) {}

void Lifetime::adopt(const std::shared_ptr<Lifetime> & child) {
    const auto gone = [](const std::weak_ptr<Lifetime> & weak) { return weak.expired(); };
    children_.erase(std::remove_if(children_.begin(), children_.end(), gone), children_.end());
    children_.push_back(child);
}

void Lifetime::check_usable() const {
    if (disposed_) throw Error(Code::bad_config, "the " + what_ + " is disposed", "create a new one");
}

void Lifetime::check_idle() const {
    check_usable();
    if (!is_busy()) return;
    throw Error(Code::bad_config, "the " + what_ + " is busy with another call", "wait until that call has ended");
}

void Lifetime::begin_job() {
    n_jobs_++;
}

void Lifetime::end_job() {
    n_jobs_--;
    release_if_possible();
}

void Lifetime::dispose(std::function<void()> then) {
    if (released_) {
        then();
        return;
    }
    waiting_.push_back(std::move(then));
    if (disposed_) return;
    disposed_ = true;
    const std::shared_ptr<Lifetime> self = shared_from_this();
    if (n_jobs_ > 0) cancel_();
    n_children_ending_ = 1;  // so that a child that ends at once does not release this before all have been told
    for (const std::weak_ptr<Lifetime> & weak : children_) {
        const std::shared_ptr<Lifetime> child = weak.lock();
        if (!child) continue;
        n_children_ending_++;
        child->dispose([self] {
            self->n_children_ending_--;
            self->release_if_possible();
        });
    }
    n_children_ending_--;
    release_if_possible();
}

void Lifetime::release_if_possible() {
    if (!disposed_ || released_ || n_jobs_ > 0 || n_children_ending_ > 0) return;
    const std::shared_ptr<Lifetime> self = shared_from_this();
    released_ = true;
    release_();
    for (const auto & then : std::exchange(waiting_, {})) then();
}

}  // namespace isheep
