// The graphs of devices other than the CPU, computed on the CPU: they are other graphs for the same numbers.
#include "test/check.h"
#include "test/support.h"
#include "training/graph-slices.h"

#include <cmath>

using namespace isheep;
using namespace isheep::test;

namespace {

LossGradient computed(TrainerSettings settings, Graphs graphs) {
    settings.graphs = graphs;
    Trainer trainer(settings);
    randomize(trainer, 7);
    return trainer.gradient(random_samples({40, 90, 16}, 8));
}

// A graph of products of 32 x 32 matrices with 2 x 32^3 operations each, one after the other.
struct Products {
    Context context{ggml_init({32 * ggml_tensor_overhead() + ggml_graph_overhead(), nullptr, true})};
    ggml_cgraph * graph = ggml_new_graph(context.get());
    explicit Products(int n) {
        ggml_tensor * t = ggml_new_tensor_2d(context.get(), GGML_TYPE_F32, 32, 32);
        for (int i = 0; i < n; i++) t = ggml_mul_mat(context.get(), t, t);
        ggml_build_forward_expand(graph, t);
    }
};
constexpr double product_cost = 2 * 32 * 32 * 32;

}  // namespace

TEST("the graphs of other devices give the gradients of the CPU's") {
    for (const Features & features : trainable_architectures) {
        TrainerSettings settings = tiny_settings(tiny_model_path(tiny_architecture(features.name)));
        settings.dropout = 0.1;
        for (bool keep : {true, false}) {
            settings.memory.keep_activations = keep;
            const LossGradient cpu = computed(settings, Graphs::cpu);
            const LossGradient portable = computed(settings, Graphs::portable);
            check_near(portable.loss, cpu.loss, 1e-5 * cpu.loss, std::string("the loss of ") + features.name);
            const double size = global_norm(cpu.gradient) / std::sqrt((double) cpu.gradient.size());
            for (size_t i = 0; i < cpu.gradient.size(); i++)
                check_near(portable.gradient[i], cpu.gradient[i], 1e-3 * size, "a gradient");
        }
    }
}

TEST("a graph is cut where its operations reach the limit, and never inside a node") {
    const Products products(5);
    check_equal(end_of_slice(products.graph, 0, 2.5 * product_cost), 2, "the first slice's end");
    check_equal(end_of_slice(products.graph, 2, 2.5 * product_cost), 4, "the second slice's end");
    check_equal(end_of_slice(products.graph, 4, 2.5 * product_cost), 5, "the third slice's end");
    check_equal(end_of_slice(products.graph, 0, 0.5 * product_cost), 1, "the end of a slice of one large node");
    check_equal(end_of_slice(products.graph, 0), 5, "the end of a slice of the usual size");
}

TEST("a device that is not there is named, with those that are") {
    TrainerSettings settings = tiny_settings(tiny_model_path({}));
    settings.device = "toaster";
    check_throws(Code::bad_config, "device \"toaster\" is not available here", [&] { Trainer trainer(settings); });
}
