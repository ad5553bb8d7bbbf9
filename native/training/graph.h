// One ggml graph and what runs it. Every graph of the trainer is built, run once and dropped; what outlives it lies in
// tensors of others (weights, adapter, activations). Only forward operators of ggml have a place here.
//
// Shapes in comments are ggml's, ne0 (contiguous) first.
#pragma once

#include "common/handles.h"
#include "training/graph-slices.h"
#include "training/profile.h"

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace isheep {

// The width of a "wide column": a sum over a row comes out as 16 equal numbers, because adding or multiplying 16
// numbers to a row is several times faster in ggml's CPU code than adding one, and a product that makes them is fast,
// too.
constexpr int64_t wide = 16;

// Contracted dimensions that are a multiple of this reach ggml's tiled F32 kernel; others cost a multiple. The
// micro-kernel wants pairs.
constexpr int64_t row_padding = 16;
inline int64_t padded(int64_t n) {
    return (n + row_padding - 1) / row_padding * row_padding;
}

// Which graphs the CPU gets. Others than the first are for proofs, and for processors that lack the micro-kernel.
enum class Graphs {
    packed,    // products by the micro-kernel, where the processor has it and weights are not F32 (matrix-product.h)
    cpu,       // ggml's operators for the CPU, and nodes of our own
    portable,  // as other devices get them: ggml's common operators alone, in F32 wherever ggml leaves the choice
};

// A device with its thread count, and the memory that graphs share one after the other.
class Compute {
public:
    explicit Compute(const std::string & device, int n_threads, Graphs graphs = Graphs::packed);
    ggml_backend_t backend() const { return backend_.get(); }
    ggml_backend_buffer_type_t buffer_type() const { return ggml_backend_get_default_buffer_type(backend_.get()); }
    bool on_cpu() const { return on_cpu_; }  // graphs may hold what only the CPU computes
    // Whether the micro-kernel runs here: the processor has instructions for products in BF16.
    bool has_micro_kernel() const { return has_micro_kernel_; }
    ggml_gallocr_t allocator() const { return allocator_.get(); }

    Profile * profile() const { return profile_.get(); }  // null: nothing is measured
    void measure() { profile_ = std::make_unique<Profile>(); }

    // Sees every graph before it is computed.
    using Observer = std::function<void(ggml_cgraph * nodes)>;
    void observe(Observer observer) { observer_ = std::move(observer); }
    const Observer & observer() const { return observer_; }

    // What a piece of a graph costs that a device other than the CPU gets at once (graph-slices.h).
    double slice_cost() const { return slice_cost_; }
    void set_slice_cost(double cost) { slice_cost_ = cost; }

private:
    double slice_cost_ = isheep::slice_cost;
    std::unique_ptr<Profile> profile_;
    Observer observer_;
    Backend backend_;
    bool on_cpu_, has_micro_kernel_;
    GraphAllocator allocator_;
};

// The part of n pieces of a node's work that is thread `ith`'s of `nth`: from … to.
inline std::pair<int64_t, int64_t> part_of(int64_t n, int ith, int nth) {
    return {n * ith / nth, n * (ith + 1) / nth};
}

class Graph {
public:
    Graph(Compute & compute, size_t max_nodes);

    ggml_context * context() const { return context_.get(); }

    // Nodes made from here on count to this part in a profile. `part` outlives the graph.
    void section(const char * part) {
        if (compute_.profile()) sections_.push_back({last_tensor(), part});
    }

    // An F32 tensor [ne0, ne1] of the graph; when the graph runs, `fill` writes rows from … to of it, `values` being
    // row `from`. On the CPU the graph's own threads call it, each for a part of the rows.
    using Fill = std::function<void(float * values, int64_t from, int64_t to)>;
    ggml_tensor * input(int64_t ne0, int64_t ne1, Fill fill);
    // Memory of the graph that nodes write parts of (store).
    ggml_tensor * room(int64_t ne0, int64_t ne1, int64_t ne2);
    // What a node of ours reads when it is computed: kept as long as the graph.
    template <typename T> T * own(std::shared_ptr<T> value) {
        owned_.push_back(value);
        return value.get();
    }

    // Adds `t` to the graph and keeps its memory until the graph is dropped.
    void output(ggml_tensor * t);
    // `t` is to be computed into the memory of `place`, which outlives the graph and is large enough. `t` is no view.
    void compute_into(ggml_tensor * t, ggml_tensor * place);
    // Adds `t` to the graph now: what it overwrites is overwritten before anything built later reads it.
    void expand(ggml_tensor * t) { ggml_build_forward_expand(nodes_, t); }
    // Copies `from` into the view `to`. What reads the memory of `to` has to be built after this call.
    void store(ggml_tensor * from, ggml_tensor * to);

    // Allocates, fills the inputs, computes. Throws Error(not_enough_memory) or Error(native_failure).
    void run();

    // The memory that run() would take for its nodes.
    size_t bytes() const;

    // What only the CPU computes may be part of this graph.
    bool on_cpu() const { return compute_.on_cpu(); }
    ggml_tensor * mul_mat(ggml_tensor * a, ggml_tensor * b);
    ggml_tensor * add(ggml_tensor * a, ggml_tensor * b) { return ggml_add(context(), a, b); }
    ggml_tensor * sub(ggml_tensor * a, ggml_tensor * b) { return ggml_sub(context(), a, b); }
    ggml_tensor * mul(ggml_tensor * a, ggml_tensor * b) { return ggml_mul(context(), a, b); }
    // Rows first … first + n of a matrix, a view.
    ggml_tensor * rows(ggml_tensor * a, int64_t first, int64_t n) {
        return ggml_view_2d(context(), a, a->ne[0], n, a->nb[1], first * a->nb[1]);
    }
    ggml_tensor * cont(ggml_tensor * a) { return ggml_cont(context(), a); }
    // F32 [x, n, G, K], a view with whole rows -> [n * G, x, K]: each matrix transposed, those of a group side by side.
    ggml_tensor * transposed_groups(ggml_tensor * a);
    // F32 [x, n, K] -> [n, x, K]
    ggml_tensor * transposed(ggml_tensor * a);

private:
    struct Input {
        ggml_tensor * tensor;
        Fill fill;
    };
    struct Section {
        const ggml_tensor * after;  // the last tensor made before it, or null
        const char * part;
    };
    const ggml_tensor * last_tensor() const;
    void compute(ggml_cgraph * nodes);
    void compute_sliced();
    void compute_measured();
    void check_support() const;
    void fill_input(const Input & input) const;

    Compute & compute_;
    Context context_;
    ggml_cgraph * nodes_;
    std::deque<Input> inputs_;  // nodes point to them
    std::vector<std::shared_ptr<void>> owned_;
    std::vector<Section> sections_;
};

// Tensors that outlive graphs, in one buffer.
class TensorStore {
public:
    // `max_tensors`: how many can be added.
    explicit TensorStore(size_t max_tensors);
    ggml_tensor * add(ggml_type type, int64_t ne0, int64_t ne1 = 1, int64_t ne2 = 1);
    // Gives all tensors memory, zeroed. Once. Throws Error(not_enough_memory).
    void allocate(ggml_backend_buffer_type_t type);
    size_t bytes() const { return buffer_ ? ggml_backend_buffer_get_size(buffer_.get()) : 0; }

private:
    Context context_;
    Buffer buffer_;
};

void set_tensor(ggml_tensor * t, const void * data);   // all of it
std::vector<float> get_floats(const ggml_tensor * t);  // F32, contiguous

}  // namespace isheep
