#include "training/graph.h"

#include "common/backends.h"
#include "common/log-capture.h"
#include "common/status.h"

namespace isheep {
namespace {

Context metadata_context(size_t n_tensors, size_t n_nodes) {
    const size_t bytes = n_tensors * ggml_tensor_overhead() + (n_nodes ? ggml_graph_overhead_custom(n_nodes, false) : 0);
    Context context(ggml_init({bytes, nullptr, true}));
    if (!context) throw Error(Code::not_enough_memory, "no memory for the description of a graph");
    return context;
}

[[noreturn]] void no_memory(size_t bytes) {
    throw Error(Code::not_enough_memory,
                "training needs " + std::to_string(bytes >> 20) + " MiB more memory than there is " + take_logged_errors(),
                "lower the maximum length or the tokens of a micro-batch, or use a smaller model");
}

}  // namespace

Compute::Compute(const std::string & device, int n_threads)
    : backend_(create_backend(device_by_name(device), n_threads)), allocator_(ggml_gallocr_new(buffer_type())) {}

Graph::Graph(Compute & compute, size_t max_nodes)
    : compute_(compute),
      context_(metadata_context(2 * max_nodes, max_nodes)),  // as many leaves as nodes, at most
      nodes_(ggml_new_graph_custom(context_.get(), max_nodes, false)) {}

ggml_tensor * Graph::input(int64_t ne0, int64_t ne1, Fill fill) {
    ggml_tensor * t = ggml_new_tensor_2d(context(), GGML_TYPE_F32, ne0, ne1);
    ggml_set_input(t);
    inputs_.push_back({t, std::move(fill)});
    return t;
}

ggml_tensor * Graph::room(int64_t ne0, int64_t ne1, int64_t ne2) {
    ggml_tensor * t = ggml_new_tensor_3d(context(), GGML_TYPE_F32, ne0, ne1, ne2);
    ggml_set_input(t);   // has its memory from the start
    ggml_set_output(t);  // and keeps it to the end
    return t;
}

void Graph::output(ggml_tensor * t) {
    ggml_set_output(t);
    ggml_build_forward_expand(nodes_, t);
}

void Graph::compute_into(ggml_tensor * t, ggml_tensor * place) {
    GGML_ASSERT(!t->view_src && ggml_nbytes(t) <= ggml_nbytes(place));
    ggml_backend_tensor_alloc(place->buffer, t, place->data);
    ggml_build_forward_expand(nodes_, t);
}

void Graph::store(ggml_tensor * from, ggml_tensor * to) { ggml_build_forward_expand(nodes_, ggml_cpy(context(), from, to)); }

void Graph::run() {
    check_support();
    if (!ggml_gallocr_alloc_graph(compute_.allocator(), nodes_)) {
        no_memory(ggml_gallocr_get_buffer_size(compute_.allocator(), 0));
    }
    for (const Input & input : inputs_) fill_input(input);
    if (ggml_backend_graph_compute(compute_.backend(), nodes_) != GGML_STATUS_SUCCESS) {
        throw Error(Code::native_failure, "a training graph could not be computed: " + take_logged_errors());
    }
}

void Graph::fill_input(const Input & input) const {
    if (!input.tensor->buffer) return;  // no node reads it
    if (ggml_backend_buffer_is_host(input.tensor->buffer)) return input.fill((float *) input.tensor->data);
    std::vector<float> values(ggml_nelements(input.tensor));
    input.fill(values.data());
    set_tensor(input.tensor, values.data());
}

void Graph::check_support() const {
    for (int i = 0; i < ggml_graph_n_nodes(nodes_); i++) {
        const ggml_tensor * node = ggml_graph_node(nodes_, i);
        if (ggml_backend_supports_op(compute_.backend(), node)) continue;
        throw Error(Code::native_failure, std::string("the device ") + ggml_backend_name(compute_.backend()) +
                                              " cannot compute " + ggml_op_desc(node) + " of type " + ggml_type_name(node->type));
    }
}

TensorStore::TensorStore(size_t max_tensors) : context_(metadata_context(max_tensors, 0)) {}

ggml_tensor * TensorStore::add(ggml_type type, int64_t ne0, int64_t ne1, int64_t ne2) {
    return ggml_new_tensor_3d(context_.get(), type, ne0, ne1, ne2);
}

void TensorStore::allocate(ggml_backend_buffer_type_t type) {
    if (!ggml_get_first_tensor(context_.get())) return;
    buffer_.reset(ggml_backend_alloc_ctx_tensors_from_buft(context_.get(), type));
    if (!buffer_) no_memory(ggml_backend_alloc_ctx_tensors_from_buft_size(context_.get(), type));
    ggml_backend_buffer_clear(buffer_.get(), 0);
}

void set_tensor(ggml_tensor * t, const void * data) { ggml_backend_tensor_set(t, data, 0, ggml_nbytes(t)); }

std::vector<float> get_floats(const ggml_tensor * t) {
    std::vector<float> values(ggml_nelements(t));
    ggml_backend_tensor_get(t, values.data(), 0, ggml_nbytes(t));
    return values;
}

}  // namespace isheep
