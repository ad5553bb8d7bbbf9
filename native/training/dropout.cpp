#include "training/dropout.h"

#include "training/random-bits.h"

#include <algorithm>
#include <cmath>

namespace isheep {

Dropout::Dropout(double probability, uint64_t seed, int step)
    : key_(random_key(random_key(seed, 'D'), step)), threshold_((uint32_t) std::lround(probability * 65536)) {}

void Dropout::fill(float * mask, int64_t n_in, const MicroBatch & batch, int layer, InputGroup group, int64_t from,
                   int64_t to) const {
    const uint64_t key = random_key(random_key(key_, layer), index_of(group));
    std::fill_n(mask, n_in * (to - from), 0.0f);
    for (const PackedSample & sample : batch.samples) {
        const int64_t first = std::max<int64_t>(from, sample.first_row);
        const int64_t last = std::min<int64_t>(to, sample.first_row + sample.n_rows);
        const uint64_t sample_key = random_key(key, sample.index);
        for (int64_t row = first; row < last; row++)
            fill_row(mask + n_in * (row - from), n_in, random_key(sample_key, row - sample.first_row));
    }
}

void Dropout::fill_row(float * row, int64_t n_in, uint64_t key) const {
    const float kept = 65536.0f / (65536 - threshold_);
    for (int64_t i = 0; i < n_in; i += 4) {
        uint64_t bits = random_bits(key, i);
        for (int64_t j = i; j < std::min(i + 4, n_in); j++, bits >>= 16)
            row[j] = (bits & 0xFFFF) < threshold_ ? 0.0f : kept;
    }
}

}  // namespace isheep
