// k-means: points in clusters, each around the mean of its points. Lloyd's algorithm from k-means++ seeds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace isheep {

struct KMeansSettings {
    size_t n_dimensions;
    size_t n_iterations_max;
    int n_threads;  // does not change the result
};

struct Clustering {
    std::vector<int32_t> labels;  // [n_points], which cluster each is in
    std::vector<float> centres;   // [n_clusters][n_dimensions]
    double inertia = 0;           // sum of squared distances of the points from their centres
    size_t n_iterations = 0;
    bool converged = false;  // no point changed its cluster any more
};

// Seeds by k-means++ (Arthur and Vassilvitskii 2007), one for each of `draws`, which are random numbers in [0, 1): each
// seed is a point, drawn by its squared distance from the seeds before. Fewer where fewer points differ.
// points: [n_points][n_dimensions], at least one. Returns centres: [n_clusters][n_dimensions].
std::vector<float> seed_centres(const std::vector<float> & points, const std::vector<double> & draws,
                                const KMeansSettings & settings);

// From `centres` on. A cluster that loses all of its points gets the one that is farthest from its centre, as in
// scikit-learn; of centres at the same distance the first counts. Throws Error(native_failure).
Clustering k_means(const std::vector<float> & points, std::vector<float> centres, const KMeansSettings & settings);

}  // namespace isheep
