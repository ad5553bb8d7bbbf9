// NativeOptimizerOptions of src/native/addon-types.ts, which both trainers have.
#pragma once

#include "binding/arguments.h"
#include "training/adamw.h"
#include "training/lr-schedule.h"

namespace isheep {

inline LrSchedule schedule_of(const Napi::Object & options) {
    LrSchedule schedule;
    schedule.kind = one_of<ScheduleKind>(
        string_of(options, "schedule"), "schedule",
        {{"cosine", ScheduleKind::cosine}, {"linear", ScheduleKind::linear}, {"constant", ScheduleKind::constant}});
    schedule.peak = number_of(options, "learningRate");
    schedule.warmup_steps = (int) count_of(options, "warmupSteps");
    schedule.total_steps = (int) count_of(options, "totalSteps");
    return schedule;
}

inline AdamWSettings adamw_of(const Napi::Object & options) {
    return {number_of(options, "beta1"), number_of(options, "beta2"), number_of(options, "epsilon"),
            number_of(options, "weightDecay")};
}

}  // namespace isheep
