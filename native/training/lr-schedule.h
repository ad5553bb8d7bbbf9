// Learning rate by step, as Hugging Face's get_{cosine,linear,constant}_schedule_with_warmup: rises linearly from 0 over
// the warm-up, then falls to 0 at the last step along half a cosine or a line, or stays.
#pragma once

namespace isheep {

enum class ScheduleKind { cosine, linear, constant };

struct LrSchedule {
    ScheduleKind kind = ScheduleKind::cosine;
    double peak = 5e-5;
    int warmup_steps = 0;
    int total_steps = 1;

    // `step` counts from 0: the rate of the first update is at(0), which is 0 where there is a warm-up.
    double at(int step) const;
};

}  // namespace isheep
