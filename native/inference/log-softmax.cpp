#include "inference/log-softmax.h"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

namespace isheep {
namespace {

constexpr size_t n_lanes = 16;    // independent sums, which the compiler keeps in vector registers
constexpr float lowest = -87.0f;  // exp of it is still a normal float, and nothing here can tell it from 0

// exp(x) for lowest <= x <= 0. Splits x = n ln 2 + r with |r| <= ln 2 / 2, takes a polynomial for exp(r) (Taylor; the
// remainder is r^7 / 5040 < 1.3e-7) and puts n into the exponent. Without a branch or a conversion that would keep a
// compiler from vectorizing it.
inline float exp_negative(float x) {
    constexpr float log2_e = 1.44269504f;
    constexpr float ln2_high = 0.693359375f, ln2_low = -2.12194440e-4f;  // ln 2 in two parts, the first exact times n
    constexpr float rounder = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer, which its low bits then hold
    constexpr int32_t rounder_bits = 0x4B400000;
    const float shifted = x * log2_e + rounder;
    const float n = shifted - rounder;
    const float r = (x - n * ln2_high) - n * ln2_low;
    float p = 1.0f / 720;
    p = p * r + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    int32_t bits;
    std::memcpy(&bits, &shifted, sizeof(bits));
    bits = (bits - rounder_bits + 127) << 23;
    float power;
    std::memcpy(&power, &bits, sizeof(power));
    return p * power;
}

// Plain loops rather than one, since a compiler vectorizes each of them and not all together.
float exp_block(const float * logits, size_t n, float max, float scale, float * exps) {
    for (size_t i = 0; i < n; i++) {
        const float x = scale * (logits[i] - max);
        exps[i] = x > lowest ? x : lowest;
    }
    for (size_t i = 0; i < n; i++) exps[i] = exp_negative(exps[i]);
    float lanes[n_lanes] = {};
    size_t i = 0;
    for (; i + n_lanes <= n; i += n_lanes) {
        for (size_t j = 0; j < n_lanes; j++) lanes[j] += exps[i + j];
    }
    float sum = 0;
    for (; i < n; i++) sum += exps[i];
    for (float lane : lanes) sum += lane;
    return sum;
}

}  // namespace

float max_logit(const float * logits, size_t n) {
    float lanes[n_lanes];
    for (float & lane : lanes) lane = -std::numeric_limits<float>::infinity();
    size_t i = 0;
    for (; i + n_lanes <= n; i += n_lanes) {
        for (size_t j = 0; j < n_lanes; j++) lanes[j] = logits[i + j] > lanes[j] ? logits[i + j] : lanes[j];
    }
    float max = -std::numeric_limits<float>::infinity();
    for (; i < n; i++) max = logits[i] > max ? logits[i] : max;
    for (float lane : lanes) max = lane > max ? lane : max;
    return max;
}

double exp_row(const float * logits, size_t n, float max, float scale, float * exps, float * block_sums) {
    float unused[exp_block_size];
    double sum = 0;
    for (size_t begin = 0; begin < n; begin += exp_block_size) {
        const size_t length = n - begin < exp_block_size ? n - begin : exp_block_size;
        const float block_sum = exp_block(logits + begin, length, max, scale, exps ? exps + begin : unused);
        if (block_sums) block_sums[begin / exp_block_size] = block_sum;
        sum += block_sum;
    }
    return sum;
}

double log_sum_exp(const float * logits, size_t n) {
    const float max = max_logit(logits, n);
    return (double) max + std::log(exp_row(logits, n, max, 1.0f, nullptr));
}

}  // namespace isheep
