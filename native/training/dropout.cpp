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
    for (int64_t row = from; row < std::min<int64_t>(to, batch.n_shared); row++)  // as the first sample's
        fill_row(mask + n_in * (row - from), n_in, random_key(random_key(key, batch.samples[0].index), row));
    for (const PackedSample & sample : batch.samples) {
        const int64_t first = std::max<int64_t>(from, sample.first_row);
        const int64_t last = std::min<int64_t>(to, sample.first_row + sample.n_rows);
        const uint64_t sample_key = random_key(key, sample.index);
        for (int64_t row = first; row < last; row++)
            fill_row(mask + n_in * (row - from), n_in, random_key(sample_key, batch.n_shared + row - sample.first_row));
    }
}

// Bits first, then numbers, so that the compiler computes several numbers at once.
void Dropout::fill_row(float * row, int64_t n_in, uint64_t key) const {
    constexpr int64_t n_words = 64, per_word = 4;  // 16 bits a number
    const float kept = 65536.0f / (65536 - threshold_);
    for (int64_t first = 0; first < n_in; first += n_words * per_word) {
        const int64_t n = std::min(n_words * per_word, n_in - first);
        uint16_t bits[n_words * per_word];
        for (int64_t i = 0; i < n; i += per_word) {
            uint64_t word = random_bits(key, first + i);
            for (int64_t j = i; j < i + per_word; j++, word >>= 16) bits[j] = (uint16_t) word;
        }
        for (int64_t i = 0; i < n; i++) row[first + i] = bits[i] < threshold_ ? 0.0f : kept;
    }
}

}  // namespace isheep
