// Inverted dropout on the input of each adapter, as PEFT has it: a number is zeroed with probability p, the others are
// divided by 1 - p. A mask is a function of seed, step, layer, input and row, so backward makes the same one again.
#pragma once

#include "training/packing.h"
#include "training/targets.h"

#include <cstdint>

namespace isheep {

class Dropout {
public:
    // `step`: of the optimizer. Probabilities are rounded to 1 / 65536.
    Dropout(double probability, uint64_t seed, int step);

    bool active() const { return threshold_ > 0; }
    // Rows from … to of the micro-batch's mask [n_in, n_rows]: 0 or 1 / (1 - p); 0 in padding rows. `mask` is row
    // `from`.
    void fill(float * mask, int64_t n_in, const MicroBatch & batch, int layer, InputGroup group, int64_t from,
              int64_t to) const;

private:
    void fill_row(float * row, int64_t n_in, uint64_t key) const;

    uint64_t key_;
    uint32_t threshold_;  // 16 random bits below this drop their number
};

}  // namespace isheep
