// AdamW, the learning rate's schedule and packing against their definitions, computed here in double.
#include "test/check.h"
#include "training/adamw.h"
#include "training/graph.h"
#include "training/lr-schedule.h"
#include "training/packing.h"

#include <algorithm>

using namespace isheep;
using namespace isheep::test;

TEST("AdamW follows the published update over several steps") {
    const AdamWSettings settings = {0.9, 0.99, 1e-8, 0.1};
    const double rate = 0.01, scale = 0.5;
    std::vector<float> parameters = {1.0f, -2.0f, 0.5f}, first(3, 0.0f), second(3, 0.0f);
    double p[3] = {1, -2, 0.5}, m[3] = {}, v[3] = {};
    for (int step = 1; step <= 5; step++) {
        const std::vector<float> gradients = {0.3f * step, -1e-3f, step % 2 ? 5.0f : -4.0f};
        adamw_step(settings, rate, step, gradients, scale, parameters, first, second);
        for (int i = 0; i < 3; i++) {
            const double g = scale * gradients[i];
            p[i] -= rate * settings.weight_decay * p[i];
            m[i] = settings.beta1 * m[i] + (1 - settings.beta1) * g;
            v[i] = settings.beta2 * v[i] + (1 - settings.beta2) * g * g;
            const double corrected_m = m[i] / (1 - std::pow(settings.beta1, step));
            const double corrected_v = v[i] / (1 - std::pow(settings.beta2, step));
            p[i] -= rate * corrected_m / (std::sqrt(corrected_v) + settings.epsilon);
            check_near(parameters[i], p[i], 2e-6,
                       "parameter " + std::to_string(i) + " after step " + std::to_string(step));
        }
    }
}

TEST("AdamW's first step has the size of the learning rate, whatever the gradient's size") {
    std::vector<float> parameters(2, 0.0f), first(2, 0.0f), second(2, 0.0f);
    adamw_step({}, 1e-3, 1, {1e-3f, -50.0f}, 1, parameters, first, second);
    check_near(parameters[0], -1e-3, 1e-7, "small gradient");
    check_near(parameters[1], 1e-3, 1e-7, "large gradient");
}

TEST("the global norm is that of all gradients together") {
    check_near(global_norm({3, 0, -4}), 5, 1e-12, "norm");
}

TEST("schedules rise over the warm-up and fall as Hugging Face's do") {
    const LrSchedule cosine = {ScheduleKind::cosine, 2.0, 10, 110};
    check_near(cosine.at(0), 0, 0, "first update");
    check_near(cosine.at(5), 1, 1e-12, "in the middle of the warm-up");
    check_near(cosine.at(10), 2, 1e-12, "after the warm-up");
    check_near(cosine.at(60), 1, 1e-12, "half way down");
    check_near(cosine.at(35), 2 * 0.5 * (1 + std::sqrt(0.5)), 1e-12, "a quarter of the way down");
    check_near(cosine.at(110), 0, 1e-12, "at the end");
    const LrSchedule linear = {ScheduleKind::linear, 2.0, 0, 100};
    check_near(linear.at(0), 2, 0, "without warm-up");
    check_near(linear.at(25), 1.5, 1e-12, "a quarter of the way down");
    check_near(linear.at(200), 0, 0, "beyond the end");
    const LrSchedule constant = {ScheduleKind::constant, 2.0, 4, 8};
    check_near(constant.at(1), 0.5, 1e-12, "warm-up of a constant rate");
    check_near(constant.at(100), 2, 0, "constant rate");
}

TEST("packing takes the longest first, pads each sample to 16 rows and fills micro-batches") {
    std::vector<Sample> samples;
    for (int length : {20, 10, 100, 1, 17, 16}) samples.push_back({std::vector<int32_t>(length, 1), 1});
    const std::vector<MicroBatch> batches = pack(samples, 64, Rows::without_last, {16, false});
    check_equal(batches.size(), (size_t) 3, "number of micro-batches");
    check_equal(batches[0].n_rows, 112, "rows of the long sample");
    check_equal(batches[0].samples.size(), (size_t) 1, "a long sample is alone");
    check_equal(batches[1].n_rows, 64, "rows of 20, 17 and 16 tokens");
    check_equal(batches[1].samples.size(), (size_t) 3, "samples of the second");
    check_equal(batches[1].samples[1].index, 4, "the second sample of the second");
    check_equal(batches[1].samples[1].first_row, 32, "its first row");
    check_equal(batches[1].samples[1].n_rows, 16, "its rows");
    check_equal(batches[2].samples.size(), (size_t) 1, "the sample of one token is left out");
    check_equal(batches[2].samples[0].n_rows, 9, "rows of the last sample");
    for (const MicroBatch & batch : batches) check_equal(batch.n_rows % (int) row_padding, 0, "rows are padded");
}

TEST("packing with all rows keeps samples of one token") {
    const std::vector<MicroBatch> batches = pack({{{7}, 1}}, 64, Rows::all, {16, true});
    check_equal(batches.at(0).samples.at(0).n_rows, 1, "rows");
}

namespace {

// Tokens 0, 1, 2 … up to `common`, then `own` ones that no other sample has.
Sample sample_beginning(int common, int own, int context) {
    Sample sample;
    for (int i = 0; i < common; i++) sample.tokens.push_back(i);
    for (int i = 0; i < own; i++) sample.tokens.push_back(1000 * own + i);
    sample.context = context;
    return sample;
}

int shared_of(const std::vector<Sample> & samples) {
    return pack(samples, 64, Rows::without_last, {2, true}).at(0).n_shared;
}

}  // namespace

TEST("tokens that all samples begin with have rows once in each micro-batch") {
    const std::vector<Sample> samples = {sample_beginning(20, 11, 25), sample_beginning(20, 30, 21),
                                         sample_beginning(20, 16, 30)};
    const std::vector<MicroBatch> batches = pack(samples, 64, Rows::without_last, {2, true});
    check_equal(batches.size(), (size_t) 2, "number of micro-batches");
    const MicroBatch & first = batches[0];
    check_equal(first.n_shared, 20, "shared rows");
    check_equal(first.samples.size(), (size_t) 2, "samples of the first");
    check_equal(first.samples[0].index, 1, "its longest sample");
    check_equal(first.samples[0].first_row, 20, "the longest sample's first own row");
    check_equal(first.samples[0].n_rows, 29, "its own rows");
    check_equal(first.samples[0].length, 30, "its rows in pairs");
    check_equal(first.samples[1].first_row, 50, "the next sample's first own row");
    check_equal(first.samples[1].n_rows, 10, "its own rows");
    check_equal(first.samples[1].length, 14, "zero rows fill the micro-batch up");
    check_equal(first.n_rows, 64, "rows of the first");
    check_equal(first.row(first.samples[1], 19), 19, "the row of a shared token");
    check_equal(first.row(first.samples[1], 20), 50, "the row of the next");
    check_equal(batches[1].n_shared, 20, "shared rows of the second, which has one sample");
    check_equal(batches[1].n_rows, 48, "its rows");
}

TEST("rows are shared up to the first loss, in pairs, and not where it would be few") {
    check_equal(shared_of({sample_beginning(21, 9, 30), sample_beginning(21, 5, 26)}), 20, "of 21 common tokens");
    check_equal(shared_of({sample_beginning(20, 9, 15), sample_beginning(20, 5, 26)}), 14, "one has a loss at 15");
    check_equal(shared_of({sample_beginning(20, 0, 20), sample_beginning(20, 5, 26)}), 18, "one has no other tokens");
    check_equal(shared_of({sample_beginning(7, 9, 9), sample_beginning(7, 5, 9)}), 0, "seven");
    check_equal(shared_of({sample_beginning(20, 9, 29)}), 0, "a sample alone");
    const std::vector<Sample> with_short = {sample_beginning(20, 9, 29), sample_beginning(20, 5, 22), {{3}, 1}};
    check_equal(shared_of(with_short), 20, "a sample without rows has no say");
}
