// kMeans: clusters of vectors, in one job.
#include "inference/k-means.h"

#include "binding/arguments.h"
#include "binding/exports.h"
#include "binding/js-error.h"
#include "binding/worker.h"

namespace isheep {
namespace {

template <typename Array, typename Value> std::vector<Value> values_of(const Napi::Object & object, const char * key) {
    if (!object.Get(key).IsTypedArray()) return {};
    const auto array = object.Get(key).As<Array>();
    return {array.Data(), array.Data() + array.ElementLength()};
}

Napi::Value clustering_object(Napi::Env env, const Clustering & clustering) {
    Napi::Object object = Napi::Object::New(env);
    object.Set("labels", int32_array(env, clustering.labels));
    object.Set("centres", float32_array(env, clustering.centres));
    object.Set("inertia", clustering.inertia);
    object.Set("iterations", (double) clustering.n_iterations);
    object.Set("converged", clustering.converged);
    return object;
}

Napi::Value start_k_means(const Napi::CallbackInfo & info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
        const Napi::Object options = info[0].As<Napi::Object>();
        const KMeansSettings settings = {count_of(options, "dimensions"), count_of(options, "maxIterations"),
                                         (int) count_of(options, "threads")};
        auto points = values_of<Napi::Float32Array, float>(options, "points");
        auto draws = values_of<Napi::Float64Array, double>(options, "draws");
        auto centres = values_of<Napi::Float32Array, float>(options, "centres");
        return Worker<Clustering>::start(
            info.Env(), {},
            [settings, points = std::move(points), draws = std::move(draws), centres = std::move(centres)] {
                return k_means(points, centres.empty() ? seed_centres(points, draws, settings) : centres, settings);
            },
            clustering_object);
    });
}

}  // namespace

void export_k_means(Napi::Env env, Napi::Object exports) {
    exports.Set("kMeans", Napi::Function::New(env, start_k_means, "kMeans"));
}

}  // namespace isheep
