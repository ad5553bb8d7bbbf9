// list-nodes: every kind of node in the graphs that training makes, forward, loss and backward, with activations kept
// and recomputed, for all architectures and types of weights, as the CPU gets them and as other devices do. One JSON
// object a line, no two alike. test/native/operators.test.ts holds them against the operator lists of llama.cpp.
#include "common/backends.h"
#include "test/support.h"

#include <cstdio>
#include <set>
#include <sstream>

using namespace isheep;
using namespace isheep::test;

namespace {

std::string numbers(const int64_t * values) {
    std::ostringstream text;
    text << '[' << values[0] << ',' << values[1] << ',' << values[2] << ',' << values[3] << ']';
    return text.str();
}

// Its type, its shape and how its numbers lie: "rows" have gaps or another order between them, "permuted" within.
std::string tensor(const ggml_tensor * t) {
    std::ostringstream text;
    text << "{\"type\":\"" << ggml_type_name(t->type) << "\",\"ne\":" << numbers(t->ne) << ",\"layout\":\"";
    if (ggml_is_contiguous(t)) text << "contiguous";
    else text << (t->nb[0] == ggml_type_size(t->type) ? "rows" : "permuted");
    text << "\"}";
    return text.str();
}

std::string node_json(const ggml_tensor * node) {
    std::ostringstream text;
    text << "\"op\":\"" << ggml_op_desc(node) << "\",\"result\":" << tensor(node) << ",\"sources\":[";
    for (int i = 0; i < GGML_MAX_SRC && node->src[i]; i++) text << (i ? "," : "") << tensor(node->src[i]);
    text << ']';
    if (node->op == GGML_OP_ROPE) text << ",\"mode\":" << node->op_params[2];
    return text.str();
}

bool computes(const ggml_tensor * node) {
    return node->op != GGML_OP_NONE && node->op != GGML_OP_VIEW && node->op != GGML_OP_RESHAPE &&
           node->op != GGML_OP_PERMUTE && node->op != GGML_OP_TRANSPOSE;
}

struct Lister {
    std::set<std::string> seen;

    // As the CPU gets them, and as other devices do.
    void list(const TinyModelOptions & options) {
        TrainerSettings settings = tiny_settings(tiny_model_path(options));
        settings.dropout = 0.1;
        for (Graphs graphs : {Graphs::cpu, Graphs::portable}) {
            settings.graphs = graphs;
            for (CopiedWeights copied : {CopiedWeights::none, CopiedWeights::all}) {
                settings.memory.copied = copied;
                settings.memory.keep_activations = false;
                list(options, settings);
                settings.memory.keep_activations = true;
                // Other types change the products with weights alone, which recomputing has all of.
                if (options.type == GGML_TYPE_F32) list(options, settings);
            }
        }
    }

    void list(const TinyModelOptions & options, const TrainerSettings & settings) {
        Trainer trainer(settings);
        trainer.compute().observe([&](ggml_cgraph * graph) {
            for (int i = 0; i < ggml_graph_n_nodes(graph); i++)
                print(options, settings.graphs == Graphs::portable, ggml_graph_node(graph, i));
        });
        trainer.gradient(random_samples({33}, 2));
        if (options.type != GGML_TYPE_F32) return;
        trainer.gradient(random_samples({90, 20}, 1));
        trainer.evaluate(random_samples({20}, 3), false);
    }

    void print(const TinyModelOptions & options, bool portable, const ggml_tensor * node) {
        if (!computes(node)) return;
        const std::string what = node_json(node);
        if (!seen.insert((portable ? "portable" : "cpu") + what).second) return;
        std::printf("{\"graphs\":\"%s\",\"architecture\":\"%s\",\"weights\":\"%s\",%s}\n",
                    portable ? "portable" : "cpu", options.architecture.c_str(), ggml_type_name(options.type),
                    what.c_str());
    }
};

}  // namespace

int main() {
    try {
        load_backends(ISHEEP_TEST_BACKENDS, "");
        Lister lister;
        for (const Features & features : trainable_architectures) {
            for (ggml_type type : trainable_types) {
                TinyModelOptions options = tiny_architecture(features.name);
                options.type = type;
                if (type != GGML_TYPE_F32) options.layers = 1;  // kinds of layers differ in F32 nodes only
                if (ggml_blck_size(type) > 64) {
                    options.head_dim = 64;  // heads of whole blocks
                    options.feed_forward = (int) ggml_blck_size(type);
                }
                lister.list(options);
            }
        }
        TinyModelOptions options;  // what no architecture must have
        options.tied = false;
        options.rope_factors = true;
        options.rope_scale = 2;
        lister.list(options);
    } catch (const std::exception & error) {
        std::fprintf(stderr, "list-nodes: %s\n", error.what());
        return 1;
    }
    return 0;
}
