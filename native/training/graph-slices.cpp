#include "training/graph-slices.h"

namespace isheep {

double cost_of(const ggml_tensor * node) {
    constexpr double operations_per_byte = 5;  // 50 billion a second beside 10 GB/s of memory
    const double n = (double) ggml_nelements(node);
    if (node->op == GGML_OP_MUL_MAT) return 2 * n * (double) node->src[0]->ne[0];
    switch (node->op) {
        case GGML_OP_NONE:
        case GGML_OP_VIEW:
        case GGML_OP_RESHAPE:
        case GGML_OP_PERMUTE:
        case GGML_OP_TRANSPOSE: return 0;
        default:                break;
    }
    return operations_per_byte * 3 * sizeof(float) * n;  // two sources and the result
}

int end_of_slice(ggml_cgraph * graph, int from, double most) {
    int to = from + 1;
    double cost = cost_of(ggml_graph_node(graph, from));
    while (to < ggml_graph_n_nodes(graph)) {
        cost += cost_of(ggml_graph_node(graph, to));
        if (cost >= most) break;
        to++;
    }
    return to;
}

}  // namespace isheep
