// Where the time of training goes: seconds by the name of a part. Measuring makes training a little slower, so it
// happens only where it was asked for.
#pragma once

#include <chrono>
#include <map>
#include <string>

namespace isheep {

class Profile {
public:
    void add(const std::string & part, double seconds) { seconds_[part] += seconds; }
    const std::map<std::string, double> & seconds() const { return seconds_; }

private:
    std::map<std::string, double> seconds_;
};

// Adds the time from here to the end of the block to `part`; does nothing without a profile.
class ProfiledBlock {
public:
    ProfiledBlock(Profile * profile, const char * part) : profile_(profile), part_(part), start_(Clock::now()) {}
    ~ProfiledBlock() {
        if (profile_) profile_->add(part_, std::chrono::duration<double>(Clock::now() - start_).count());
    }
    ProfiledBlock(const ProfiledBlock &) = delete;
    ProfiledBlock & operator=(const ProfiledBlock &) = delete;

private:
    using Clock = std::chrono::steady_clock;
    Profile * profile_;
    const char * part_;
    Clock::time_point start_;
};

}  // namespace isheep
