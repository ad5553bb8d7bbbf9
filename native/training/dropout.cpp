#include "training/dropout.h"

#include "training/random-bits.h"

#include <algorithm>
#include <cmath>

namespace isheep {

Dropout::Dropout(double probability, uint64_t seed, int step)
    : key_(random_key(random_key(seed, 'D'), step)), threshold_((uint32_t) std::lround(probability * 65536)) {}

void Dropout::fill(float * mask, int64_t n_in, const MicroBatch & batch, int layer, Target target) const {
    const uint64_t key = random_key(random_key(key_, layer), index_of(target));
    const float kept = 65536.0f / (65536 - threshold_);
    std::fill_n(mask, n_in * batch.n_rows, 0.0f);
    for (const PackedSample & sample : batch.samples) {
        for (int position = 0; position < sample.n_rows; position++) {
            const uint64_t row_key = random_key(random_key(key, sample.index), position);
            float * row = mask + n_in * (sample.first_row + position);
            for (int64_t i = 0; i < n_in; i += 4) {
                uint64_t bits = random_bits(row_key, i);
                for (int64_t j = i; j < std::min(i + 4, n_in); j++, bits >>= 16) row[j] = (bits & 0xFFFF) < threshold_ ? 0.0f : kept;
            }
        }
    }
}

}  // namespace isheep
