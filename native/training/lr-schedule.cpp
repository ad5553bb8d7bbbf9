#include "training/lr-schedule.h"

#include <algorithm>
#include <cmath>

namespace isheep {

double LrSchedule::at(int step) const {
    if (step < warmup_steps) return peak * step / std::max(1, warmup_steps);
    if (kind == ScheduleKind::constant) return peak;
    const double progress = (double) (step - warmup_steps) / std::max(1, total_steps - warmup_steps);
    if (kind == ScheduleKind::linear) return peak * std::max(0.0, 1 - progress);
    constexpr double pi = 3.14159265358979323846;
    return peak * std::max(0.0, 0.5 * (1 + std::cos(pi * progress)));
}

}  // namespace isheep
