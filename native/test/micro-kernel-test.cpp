// Every form of the micro-kernel that this processor has, against sums in double and against what is defined for
// numbers in BF16: so the form for AVX2 is tried on processors with AVX-512, too.
#include "common/micro-kernel-forms.h"
#include "test/check.h"
#include "test/support.h"

#include "ggml.h"

#include <algorithm>
#include <limits>

using namespace isheep;
using namespace isheep::test;

namespace {

void for_each_form(const std::function<void(const MicroKernel &)> & body) {
    if (!has_micro_kernel_here()) return;
    for (const MicroKernel * form : micro_kernels_here()) body(*form);
}

std::vector<Bf16> as_bf16(const std::vector<float> & values) {
    std::vector<Bf16> rounded;
    for (float value : values) rounded.push_back(ggml_fp32_to_bf16(value).bits);
    return rounded;
}

double number(Bf16 bits) {
    return ggml_bf16_to_fp32({bits});
}

// Place of number k of a column in a panel.
size_t place(int64_t k, int column) {
    return (size_t) (k / 2 * 2 * panel_columns + 2 * column + k % 2);
}

// The largest difference of a tile's numbers from sums in double; 1 where a number outside the tile was written to.
double worst_of_tile(const MicroKernel & form, int n_rows, int n_columns, int64_t k) {
    const int width = form.tile_panels * panel_columns;
    const int64_t panel_stride = k * panel_columns;
    const std::vector<Bf16> rows = as_bf16(normal_numbers((size_t) (n_rows * k), 1)),
                            panels = as_bf16(normal_numbers((size_t) (width * k), 2));
    const std::vector<float> mask = normal_numbers((size_t) (form.tile_rows * width), 3),
                             before = normal_numbers((size_t) (form.tile_rows * width), 4);
    std::vector<float> result = before;  // which is the addend, too
    const TileTerm terms[] = {{rows.data(), k, panels.data(), panel_stride, k},
                              {rows.data(), k, panels.data(), panel_stride, 2}};
    form.compute_tile({terms, 2, 1, mask.data(), width, result.data(), width, result.data(), width, n_rows, n_columns});
    double worst = 0;
    for (int r = 0; r < form.tile_rows; r++) {
        for (int c = 0; c < width; c++) {
            const size_t i = (size_t) (r * width + c);
            double expected = before[i];
            if (r < n_rows && c < n_columns) {
                const Bf16 * panel = panels.data() + c / panel_columns * panel_stride;
                double sum = 0, of_pair = 0;
                for (int64_t j = 0; j < k; j++) {
                    const double product =
                        number(rows[(size_t) (r * k + j)]) * number(panel[place(j, c % panel_columns)]);
                    sum += product;
                    if (j < 2) of_pair += product;
                }
                expected += sum * mask[i] + of_pair;
            } else if (result[i] != before[i]) {
                return 1;
            }
            worst = std::max(worst, std::fabs(result[i] - expected) / std::sqrt((double) k));
        }
    }
    return worst;
}

// [n_keys][stride] in double, of one column
std::vector<double> softmax_of(const std::vector<float> & scores, size_t column, size_t stride, double scale) {
    std::vector<double> p;
    double highest = -std::numeric_limits<double>::infinity(), sum = 0;
    for (size_t i = column; i < scores.size(); i += stride) highest = std::max(highest, (double) scores[i]);
    for (size_t i = column; i < scores.size(); i += stride) {
        p.push_back(std::exp((scores[i] - highest) * scale));
        sum += p.back();
    }
    for (double & value : p) value /= sum;
    return p;
}

}  // namespace

TEST("a tile of any form is the sum of its products, and nothing beside it is written to") {
    for_each_form([](const MicroKernel & form) {
        for (int n_rows = 1; n_rows <= form.tile_rows; n_rows++) {
            for (int n_columns : {1, 7, 8, 9, 16, 23, 31, 32, 33, 64, 90, 128}) {
                if (n_columns > form.tile_panels * panel_columns) continue;
                for (int64_t k : {2, 30, 256, 258, 1000}) {
                    const double worst = worst_of_tile(form, n_rows, n_columns, k);
                    check(worst < 1e-5, std::string(form.name) + ", " + std::to_string(n_rows) + " x " +
                                            std::to_string(n_columns) + " of " + std::to_string(k) + ": off by " +
                                            std::to_string(worst));
                }
            }
        }
    });
}

TEST("panels of any form have each column's pairs side by side, and zeros where there is no column") {
    for_each_form([](const MicroKernel & form) {
        for (int64_t k : {2, 14, 16, 30, 32, 256}) {
            std::vector<std::vector<Bf16>> columns;
            const Bf16 * rows[packed_columns];
            for (int c = 0; c < packed_columns; c++) columns.push_back(as_bf16(normal_numbers((size_t) k, c)));
            for (int c = 0; c < packed_columns; c++) rows[c] = columns[c].data();
            std::vector<Bf16> panel((size_t) (k * panel_columns));
            form.put_columns(rows, k, panel.data());
            for (int c = 0; c < packed_columns; c++) {
                for (int64_t i = 0; i < k; i++)
                    check_equal(panel[place(i, c)], columns[c][(size_t) i], std::string(form.name) + ": a column");
            }
        }
        const std::vector<Bf16> a = as_bf16(normal_numbers(panel_columns, 1)),
                                b = as_bf16(normal_numbers(panel_columns, 2));
        for (int n = 0; n <= panel_columns; n++) {
            std::vector<Bf16> pair(2 * panel_columns, 1);
            form.put_pair(a.data(), b.data(), n, pair.data());
            for (int c = 0; c < panel_columns; c++) {
                check_equal(pair[2 * c], c < n ? a[c] : 0, std::string(form.name) + ": the first of a pair");
                check_equal(pair[2 * c + 1], c < n ? b[c] : 0, std::string(form.name) + ": the second of a pair");
            }
        }
    });
}

TEST("any form rounds to the nearest number in BF16, ties to even, and keeps what is infinite or no number") {
    for_each_form([](const MicroKernel & form) {
        std::vector<float> values = normal_numbers(1003, 1);
        constexpr float infinity = std::numeric_limits<float>::infinity();
        const float some[] = {0, -0.0f, 1, 1 + 1.0f / 256, 1 + 3.0f / 256, infinity, -infinity, 3.4e38f, -3.4e38f};
        values.insert(values.begin() + 5, std::begin(some), std::end(some));
        const std::vector<Bf16> expected = as_bf16(values);
        for (size_t n : {(size_t) 1, (size_t) 8, (size_t) 17, values.size()}) {
            std::vector<Bf16> found(n + 1, 7);
            form.round_to_bf16(values.data(), nullptr, found.data(), (int64_t) n);
            check(std::equal(found.begin(), found.end() - 1, expected.begin()), std::string(form.name) + ": rounded");
            check_equal(found[n], 7, std::string(form.name) + ": what follows");
        }
        const float no_number[] = {std::numeric_limits<float>::quiet_NaN()}, twice[] = {2};
        Bf16 found;
        form.round_to_bf16(no_number, twice, &found, 1);
        check(std::isnan(number(found)), std::string(form.name) + ": what is no number became one");
    });
}

TEST("softmax of any form is that of double, and gives nothing to what is hidden") {
    for_each_form([](const MicroKernel & form) {
        constexpr size_t n_keys = 37, stride = 64;
        constexpr float scale = 0.125f;
        std::vector<float> scores = normal_numbers(n_keys * stride, 1);
        for (float & score : scores) score *= 30;
        for (size_t key = 20; key < n_keys; key++) scores[key * stride + 3] = -std::numeric_limits<float>::infinity();
        std::vector<float> p = scores;
        std::vector<Bf16> rounded(p.size());
        form.softmax_columns(p.data(), n_keys, stride, stride, scale, rounded.data());
        for (size_t column = 0; column < stride; column++) {
            const std::vector<double> expected = softmax_of(scores, column, stride, scale);
            for (size_t key = 0; key < n_keys; key++) {
                const size_t i = key * stride + column;
                check_near(p[i], expected[key], 1e-6, std::string(form.name) + ": a probability");
                check_equal(rounded[i], ggml_fp32_to_bf16(p[i]).bits, std::string(form.name) + ": rounded");
                if (std::isinf(scores[i])) check(p[i] < 1e-30f, std::string(form.name) + ": what is hidden is seen");
            }
        }
        const std::vector<float> dp = normal_numbers(p.size(), 2), dots = normal_numbers(stride, 3);
        std::vector<Bf16> d_scores(p.size());
        form.softmax_columns_backward(p.data(), dp.data(), dots.data(), n_keys, stride, stride, d_scores.data());
        for (size_t i = 0; i < p.size(); i++) {
            const float expected = p[i] * (dp[i] - dots[i % stride]);
            check_equal(d_scores[i], ggml_fp32_to_bf16(expected).bits, std::string(form.name) + ": a derivative");
        }
    });
}

TEST("cross entropy and dot product of any form are those of double") {
    for_each_form([](const MicroKernel & form) {
        for (size_t n : {(size_t) 1, (size_t) 7, (size_t) 16, (size_t) 1001}) {
            std::vector<float> logits = normal_numbers(n, 1);
            for (float & logit : logits) logit *= 5;
            const size_t target = n / 2;
            const std::vector<double> p = softmax_of(logits, 0, 1, 1);
            const std::string name = std::string(form.name) + ", " + std::to_string(n);
            const double loss = form.cross_entropy(logits.data(), (int64_t) n, (int64_t) target, nullptr);
            check_near(loss, -std::log(p[target]), 1e-5, name + ": loss without a gradient");
            const std::vector<float> kept = logits;
            Bf16 * gradient = (Bf16 *) logits.data();  // where the logits are
            check_near(form.cross_entropy(logits.data(), (int64_t) n, (int64_t) target, gradient), loss, 0, name);
            for (size_t i = 0; i < n; i++) {
                const double expected = p[i] - (i == target ? 1 : 0);
                check_near(number(gradient[i]), expected, 4e-3 * std::fabs(expected) + 1e-6, name + ": a derivative");
            }
            double sum = 0;
            for (float value : kept) sum += (double) value * value;
            check_near(form.dot(kept.data(), kept.data(), (int64_t) n), sum, 1e-5 * sum, name + ": the dot product");
        }
    });
}
