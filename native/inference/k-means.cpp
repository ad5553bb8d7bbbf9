#include "inference/k-means.h"

#include "common/backends.h"
#include "common/handles.h"
#include "common/log-capture.h"
#include "common/status.h"
#include "inference/parallel.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <numeric>
#include <utility>

namespace isheep {
namespace {

constexpr size_t block_points = 512;  // whose products with all centres are computed at once

// Sixteen sums beside each other, which every compiler turns into vector instructions.
float squared_distance(const float * a, const float * b, size_t n) {
    constexpr size_t n_lanes = 16;
    float lanes[n_lanes] = {};
    size_t i = 0;
    for (; i + n_lanes <= n; i += n_lanes) {
        for (size_t lane = 0; lane < n_lanes; lane++) {
            const float difference = a[i + lane] - b[i + lane];
            lanes[lane] += difference * difference;
        }
    }
    float sum = 0;
    for (; i < n; i++) sum += (a[i] - b[i]) * (a[i] - b[i]);
    for (float lane : lanes) sum += lane;
    return sum;
}

float square(const float * a, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += (double) a[i] * a[i];
    return (float) sum;
}

// body(from, to) for ranges of [0, n).
template <typename Body> void in_ranges(Parallel & parallel, size_t n, const Body & body) {
    const size_t length = (n + parallel.n_threads() - 1) / parallel.n_threads();
    if (n == 0) return;
    parallel.run((n + length - 1) / length,
                 [&](size_t range, size_t) { body(range * length, std::min(n, (range + 1) * length)); });
}

// The first point whose sum of weights, up to and with it, is above `target`; the last one with a weight at most.
size_t point_at(const std::vector<float> & weights, double target) {
    size_t last = 0;
    double sum = 0;
    for (size_t i = 0; i < weights.size(); i++) {
        if (weights[i] <= 0) continue;
        last = i;
        sum += weights[i];
        if (sum > target) break;
    }
    return last;
}

// Products of some centres with blocks of points, by ggml's matrix product on one thread: several would wait for each
// other at every block.
class Products {
public:
    Products(size_t n_dimensions, size_t n_centres)
        : backend_(create_backend(device_by_name("cpu"), 1)),
          context_(ggml_init({ggml_tensor_overhead() * 3 + ggml_graph_overhead(), nullptr, true})) {
        centres_ = ggml_new_tensor_2d(context_.get(), GGML_TYPE_F32, (int64_t) n_dimensions, (int64_t) n_centres);
        points_ = ggml_new_tensor_2d(context_.get(), GGML_TYPE_F32, (int64_t) n_dimensions, block_points);
        products_ = ggml_mul_mat(context_.get(), centres_, points_);
        graph_ = ggml_new_graph(context_.get());
        ggml_build_forward_expand(graph_, products_);
        buffer_.reset(ggml_backend_alloc_ctx_tensors(context_.get(), backend_.get()));
        if (!buffer_) throw Error(Code::not_enough_memory, "no memory for the clusters of vectors");
        ggml_backend_buffer_clear(buffer_.get(), 0);
    }

    float * centres() { return (float *) centres_->data; }  // [n_centres][n_dimensions]
    float * points() { return (float *) points_->data; }    // [block_points][n_dimensions]

    // [block_points][n_centres], valid until the next call.
    const float * compute() {
        if (ggml_backend_graph_compute(backend_.get(), graph_) != GGML_STATUS_SUCCESS) {
            throw Error(Code::native_failure, "the products of clusters failed: " + take_logged_errors());
        }
        return (const float *) products_->data;
    }

private:
    Backend backend_;
    Context context_;
    Buffer buffer_;
    ggml_tensor * centres_;
    ggml_tensor * points_;
    ggml_tensor * products_;
    ggml_cgraph * graph_;
};

class Lloyd {
public:
    Lloyd(const std::vector<float> & points, std::vector<float> centres, const KMeansSettings & settings)
        : n_dimensions_(settings.n_dimensions),
          n_points_(points.size() / settings.n_dimensions),
          n_clusters_(centres.size() / settings.n_dimensions),
          points_(points),
          centres_(std::move(centres)),
          parallel_((size_t) settings.n_threads),
          squares_(n_clusters_),
          labels_(n_points_, -1),
          scores_(n_points_, std::numeric_limits<float>::infinity()) {}

    Clustering run(size_t n_iterations_max) {
        Clustering result;
        std::vector<int32_t> moved(n_clusters_);
        std::iota(moved.begin(), moved.end(), 0);
        while (result.n_iterations < n_iterations_max && !result.converged) {
            const std::vector<int32_t> before = labels_;
            measure(moved);
            assign(moved);
            fill_empty();
            moved = changed_clusters(before);
            move_centres(moved);
            result.n_iterations++;
            result.converged = moved.empty();
        }
        result.inertia = inertia();
        result.labels = std::move(labels_);
        result.centres = std::move(centres_);
        return result;
    }

private:
    const float * point(size_t i) const { return points_.data() + i * n_dimensions_; }
    float * centre(size_t c) { return centres_.data() + c * n_dimensions_; }

    void measure(const std::vector<int32_t> & clusters) {
        for (int32_t c : clusters) squares_[(size_t) c] = square(centre((size_t) c), n_dimensions_);
    }

    // Exactly the nearest centre of every point, without looking at all: where a point's own centre stayed, only those
    // that moved can have come nearer.
    void assign(const std::vector<int32_t> & moved) {
        std::vector<char> has_moved(n_clusters_);
        for (int32_t c : moved) has_moved[(size_t) c] = true;
        std::vector<size_t> left, stayed;
        for (size_t i = 0; i < n_points_; i++) {
            const bool is_left = labels_[i] < 0 || has_moved[(size_t) labels_[i]];
            if (is_left) labels_[i] = -1;
            (is_left ? left : stayed).push_back(i);
        }
        std::vector<int32_t> all(n_clusters_);
        std::iota(all.begin(), all.end(), 0);
        compare(left, all);
        compare(stayed, moved);
    }

    // Gives each of `points` to the nearest of `clusters`, where that is nearer than what it has.
    void compare(const std::vector<size_t> & points, const std::vector<int32_t> & clusters) {
        if (points.empty() || clusters.empty()) return;
        std::vector<std::unique_ptr<Products>> products(parallel_.n_threads());
        parallel_.run((points.size() + block_points - 1) / block_points, [&](size_t block, size_t thread) {
            if (!products[thread]) products[thread] = products_with(clusters);
            const size_t begin = block * block_points, end = std::min(points.size(), begin + block_points);
            for (size_t i = begin; i < end; i++) {
                std::copy_n(point(points[i]), n_dimensions_, products[thread]->points() + (i - begin) * n_dimensions_);
            }
            const float * rows = products[thread]->compute();
            for (size_t i = begin; i < end; i++)
                take_nearest(points[i], clusters, rows + (i - begin) * clusters.size());
        });
    }

    std::unique_ptr<Products> products_with(const std::vector<int32_t> & clusters) {
        auto products = std::make_unique<Products>(n_dimensions_, clusters.size());
        for (size_t k = 0; k < clusters.size(); k++) {
            std::copy_n(centre((size_t) clusters[k]), n_dimensions_, products->centres() + k * n_dimensions_);
        }
        return products;
    }

    // |x - c|² = |x|² + |c|² - 2 x·c, and |x|² is the same for all of a point's centres.
    void take_nearest(size_t i, const std::vector<int32_t> & clusters, const float * products) {
        float best = scores_[i];
        int32_t label = labels_[i];
        if (label < 0) best = std::numeric_limits<float>::infinity();
        for (size_t k = 0; k < clusters.size(); k++) {
            const int32_t cluster = clusters[k];
            const float score = squares_[(size_t) cluster] - 2 * products[k];
            if (score < best || (score == best && cluster < label)) {
                best = score;
                label = cluster;
            }
        }
        scores_[i] = best;
        labels_[i] = label;
    }

    // The points farthest from their centres become clusters of their own, the farthest first, equals in order.
    void fill_empty() {
        std::vector<size_t> sizes = cluster_sizes();
        const auto n_empty = std::count(sizes.begin(), sizes.end(), (size_t) 0);
        if (n_empty == 0) return;
        std::vector<std::pair<float, size_t>> distances;  // negative, so that the farthest comes first
        for (size_t i = 0; i < n_points_; i++) {
            distances.push_back({-squared_distance(point(i), centre((size_t) labels_[i]), n_dimensions_), i});
        }
        std::sort(distances.begin(), distances.end());
        size_t next = 0;
        for (size_t c = 0; c < n_clusters_; c++) {
            if (sizes[c] > 0) continue;
            while (next < n_points_ && sizes[(size_t) labels_[distances[next].second]] < 2) next++;
            if (next == n_points_) return;
            const size_t i = distances[next++].second;
            sizes[(size_t) labels_[i]]--;
            sizes[c] = 1;
            labels_[i] = (int32_t) c;
        }
    }

    std::vector<size_t> cluster_sizes() const {
        std::vector<size_t> sizes(n_clusters_);
        for (int32_t label : labels_) sizes[(size_t) label]++;
        return sizes;
    }

    // Those that won or lost a point; in the first round all.
    std::vector<int32_t> changed_clusters(const std::vector<int32_t> & before) const {
        std::vector<char> is_changed(n_clusters_);
        for (size_t i = 0; i < n_points_; i++) {
            if (labels_[i] == before[i]) continue;
            is_changed[(size_t) labels_[i]] = true;
            if (before[i] >= 0) is_changed[(size_t) before[i]] = true;
        }
        std::vector<int32_t> changed;
        for (size_t c = 0; c < n_clusters_; c++) {
            if (is_changed[c]) changed.push_back((int32_t) c);
        }
        return changed;
    }

    // To the means of their points, summed in the order of the points.
    void move_centres(const std::vector<int32_t> & clusters) {
        std::vector<std::vector<size_t>> members(n_clusters_);
        for (size_t i = 0; i < n_points_; i++) members[(size_t) labels_[i]].push_back(i);
        in_ranges(parallel_, clusters.size(), [&](size_t from, size_t to) {
            std::vector<double> sum(n_dimensions_);
            for (size_t k = from; k < to; k++) {
                const size_t c = (size_t) clusters[k];
                if (members[c].empty()) continue;
                std::fill(sum.begin(), sum.end(), 0.0);
                for (size_t i : members[c]) {
                    for (size_t d = 0; d < n_dimensions_; d++) sum[d] += point(i)[d];
                }
                for (size_t d = 0; d < n_dimensions_; d++) centre(c)[d] = (float) (sum[d] / (double) members[c].size());
            }
        });
    }

    double inertia() {
        double sum = 0;
        for (size_t i = 0; i < n_points_; i++) {
            sum += squared_distance(point(i), centre((size_t) labels_[i]), n_dimensions_);
        }
        return sum;
    }

    size_t n_dimensions_, n_points_, n_clusters_;
    const std::vector<float> & points_;
    std::vector<float> centres_;
    Parallel parallel_;
    std::vector<float> squares_;   // [n_clusters] |c|²
    std::vector<int32_t> labels_;  // [n_points]; -1: none yet
    std::vector<float> scores_;    // [n_points] |c|² - 2 x·c of the own centre
};

}  // namespace

std::vector<float> seed_centres(const std::vector<float> & points, const std::vector<double> & draws,
                                const KMeansSettings & settings) {
    const size_t n_dimensions = settings.n_dimensions, n_points = points.size() / n_dimensions;
    Parallel parallel((size_t) settings.n_threads);
    std::vector<float> distances(n_points, 1);  // squared, from the nearest seed; before the first, all are alike
    std::vector<float> centres;
    for (double draw : draws) {
        const double total = std::accumulate(distances.begin(), distances.end(), 0.0);
        if (total <= 0) break;  // every point is a seed
        const bool is_first = centres.empty();
        const float * seed = points.data() + point_at(distances, draw * total) * n_dimensions;
        centres.insert(centres.end(), seed, seed + n_dimensions);
        in_ranges(parallel, n_points, [&](size_t from, size_t to) {
            for (size_t i = from; i < to; i++) {
                const float distance = squared_distance(points.data() + i * n_dimensions, seed, n_dimensions);
                distances[i] = is_first ? distance : std::min(distances[i], distance);
            }
        });
    }
    return centres;
}

Clustering k_means(const std::vector<float> & points, std::vector<float> centres, const KMeansSettings & settings) {
    return Lloyd(points, std::move(centres), settings).run(settings.n_iterations_max);
}

}  // namespace isheep
