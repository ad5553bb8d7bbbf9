#include "training/graph.h"

#include "common/backends.h"
#include "common/log-capture.h"
#include "common/micro-kernel.h"
#include "common/status.h"

#include <algorithm>
#include <cstring>
#include <map>

namespace isheep {
namespace {

Context metadata_context(size_t n_tensors, size_t n_nodes) {
    const size_t bytes =
        n_tensors * ggml_tensor_overhead() + (n_nodes ? ggml_graph_overhead_custom(n_nodes, false) : 0);
    Context context(ggml_init({bytes, nullptr, true}));
    if (!context) throw Error(Code::not_enough_memory, "no memory for the description of a graph");
    return context;
}

void fill_part(ggml_tensor * dst, int ith, int nth, void * fill) {
    const auto [from, to] = part_of(dst->ne[1], ith, nth);
    if (from < to) (*(const Graph::Fill *) fill)((float *) dst->data + from * dst->ne[0], from, to);
}

// dst[c * dst_stride + r] = src[r][c] of a tile, through a buffer, so that every cache line is touched once, whatever
// the strides.
constexpr int64_t tile = 16;
void transpose_tile(const char * src, size_t src_stride, int64_t rows, int64_t columns, float * dst,
                    int64_t dst_stride) {
    float values[tile][tile];
    for (int64_t r = 0; r < rows; r++) std::memcpy(values[r], src + r * src_stride, columns * sizeof(float));
    for (int64_t c = 0; c < columns; c++) {
        for (int64_t r = 0; r < rows; r++) dst[c * dst_stride + r] = values[r][c];
    }
}

// The node of Graph::transposed_groups on the CPU: ggml's own copy of a transposed view takes one number at a time and
// is several times slower.
void transpose_part(ggml_tensor * dst, int ith, int nth, void *) {
    const ggml_tensor * src = dst->src[0];  // [x, n, G, K]
    const int64_t x = src->ne[0], n = src->ne[1], n_tiles = (x + tile - 1) / tile;
    const auto [from, to] = part_of(n_tiles * src->ne[3], ith, nth);
    for (int64_t i = from; i < to; i++) {
        const int64_t k = i / n_tiles, column = i % n_tiles * tile, columns = std::min(tile, x - column);
        for (int64_t g = 0; g < src->ne[2]; g++) {
            for (int64_t row = 0; row < n; row += tile) {
                const char * from_here = (const char *) src->data + column * sizeof(float) + row * src->nb[1] +
                                         g * src->nb[2] + k * src->nb[3];
                float * to_here = (float *) dst->data + (k * x + column) * dst->ne[0] + g * n + row;
                transpose_tile(from_here, src->nb[1], std::min(tile, n - row), columns, to_here, dst->ne[0]);
            }
        }
    }
}

bool is_cpu(ggml_backend_dev_t device) {
    return ggml_backend_dev_type(device) == GGML_BACKEND_DEVICE_TYPE_CPU;
}

[[noreturn]] void no_memory(size_t bytes) {
    throw Error(
        Code::not_enough_memory,
        "training needs " + std::to_string(bytes >> 20) + " MiB more memory than there is " + take_logged_errors(),
        "lower the maximum length or the tokens of a micro-batch, or use a smaller model");
}

}  // namespace

Compute::Compute(const std::string & device, int n_threads, Graphs graphs)
    : backend_(create_backend(device_by_name(device), n_threads)),
      on_cpu_(graphs != Graphs::portable && is_cpu(ggml_backend_get_device(backend_.get()))),
      has_micro_kernel_(on_cpu_ && graphs == Graphs::packed && isheep::has_micro_kernel()),
      allocator_(ggml_gallocr_new(buffer_type())) {}

Graph::Graph(Compute & compute, size_t max_nodes)
    : compute_(compute),
      context_(metadata_context(2 * max_nodes, max_nodes)),  // as many leaves as nodes, at most
      nodes_(ggml_new_graph_custom(context_.get(), max_nodes, false)) {}

ggml_tensor * Graph::input(int64_t ne0, int64_t ne1, Fill fill) {
    Input & input = inputs_.emplace_back(Input{nullptr, std::move(fill)});
    if (compute_.on_cpu()) {
        return ggml_custom_4d(context(), GGML_TYPE_F32, ne0, ne1, 1, 1, nullptr, 0, fill_part, GGML_N_TASKS_MAX,
                              &input.fill);
    }
    input.tensor = ggml_new_tensor_2d(context(), GGML_TYPE_F32, ne0, ne1);
    ggml_set_input(input.tensor);
    return input.tensor;
}

ggml_tensor * Graph::transposed_groups(ggml_tensor * a) {
    const int64_t x = a->ne[0], n = a->ne[1] * a->ne[2], k = a->ne[3];
    if (compute_.on_cpu()) {
        return ggml_custom_4d(context(), GGML_TYPE_F32, n, x, k, 1, &a, 1, transpose_part, GGML_N_TASKS_MAX, nullptr);
    }
    return ggml_reshape_3d(context(), cont(ggml_permute(context(), a, 2, 0, 1, 3)), n, x, k);
}

ggml_tensor * Graph::transposed(ggml_tensor * a) {
    return transposed_groups(
        ggml_view_4d(context(), a, a->ne[0], a->ne[1], 1, a->ne[2], a->nb[1], a->nb[2], a->nb[2], 0));
}

ggml_tensor * Graph::mul_mat(ggml_tensor * a, ggml_tensor * b) {
    ggml_tensor * product = ggml_mul_mat(context(), a, b);
    // GPUs would add up in half precision, which gradients can leave; the CPU never does.
    if (!compute_.on_cpu()) ggml_mul_mat_set_prec(product, GGML_PREC_F32);
    return product;
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

void Graph::store(ggml_tensor * from, ggml_tensor * to) {
    ggml_build_forward_expand(nodes_, ggml_cpy(context(), from, to));
}

void Graph::run() {
    check_support();
    if (!ggml_gallocr_alloc_graph(compute_.allocator(), nodes_)) {
        no_memory(ggml_gallocr_get_buffer_size(compute_.allocator(), 0));
    }
    {
        const ProfiledBlock block(compute_.profile(), "inputs");
        for (const Input & input : inputs_) fill_input(input);
    }
    if (compute_.observer()) compute_.observer()(nodes_);
    if (compute_.profile()) compute_measured();
    else if (compute_.on_cpu()) compute(nodes_);
    else compute_sliced();
}

// Piece by piece, each waited for: a driver that also draws the screen resets a device that is busy for too long.
void Graph::compute_sliced() {
    const int n = ggml_graph_n_nodes(nodes_);
    for (int from = 0, to; from < n; from = to) {
        to = end_of_slice(nodes_, from, compute_.slice_cost());
        if (from == 0 && to == n) return compute(nodes_);
        const Context context = metadata_context(0, to - from);
        ggml_cgraph * slice = ggml_new_graph_custom(context.get(), to - from, false);
        for (int i = from; i < to; i++) ggml_graph_add_node(slice, ggml_graph_node(nodes_, i));
        compute(slice);
    }
}

void Graph::compute(ggml_cgraph * nodes) {
    if (ggml_backend_graph_compute(compute_.backend(), nodes) != GGML_STATUS_SUCCESS) {
        throw Error(Code::native_failure, "a training graph could not be computed: " + take_logged_errors());
    }
}

const ggml_tensor * Graph::last_tensor() const {
    const ggml_tensor * last = nullptr;
    for (ggml_tensor * t = ggml_get_first_tensor(context()); t; t = ggml_get_next_tensor(context(), t)) last = t;
    return last;
}

// Every node as a graph of its own, in order; its time counts to the section that it was made in.
void Graph::compute_measured() {
    std::map<const ggml_tensor *, const char *> parts;
    const char * part = "other";
    size_t next = 0;
    auto enter = [&](const ggml_tensor * last) {
        while (next < sections_.size() && sections_[next].after == last) part = sections_[next++].part;
    };
    enter(nullptr);
    for (ggml_tensor * t = ggml_get_first_tensor(context()); t; t = ggml_get_next_tensor(context(), t)) {
        parts[t] = part;
        enter(t);
    }
    for (int i = 0; i < ggml_graph_n_nodes(nodes_); i++) {
        ggml_tensor * node = ggml_graph_node(nodes_, i);
        if (node->op == GGML_OP_NONE || node->op == GGML_OP_VIEW || node->op == GGML_OP_RESHAPE ||
            node->op == GGML_OP_PERMUTE || node->op == GGML_OP_TRANSPOSE)
            continue;
        const Context context = metadata_context(0, 4);
        ggml_cgraph * one = ggml_new_graph_custom(context.get(), 4, false);
        ggml_graph_add_node(one, node);
        const ProfiledBlock block(compute_.profile(), parts[node]);
        compute(one);
    }
}

size_t Graph::bytes() const {
    const GraphAllocator allocator(ggml_gallocr_new(compute_.buffer_type()));
    size_t size = 0;
    ggml_gallocr_reserve_n_size(allocator.get(), nodes_, nullptr, nullptr, &size);
    return size;
}

void Graph::fill_input(const Input & input) const {
    if (!input.tensor || !input.tensor->buffer) return;  // a node of its own, or no node reads it
    std::vector<float> values(ggml_nelements(input.tensor));
    input.fill(values.data(), 0, input.tensor->ne[1]);
    set_tensor(input.tensor, values.data());
}

void Graph::check_support() const {
    for (int i = 0; i < ggml_graph_n_nodes(nodes_); i++) {
        const ggml_tensor * node = ggml_graph_node(nodes_, i);
        if (ggml_backend_supports_op(compute_.backend(), node)) continue;
        std::string what = std::string(ggml_op_desc(node)) + " of type " + ggml_type_name(node->type);
        for (int j = 0; j < GGML_MAX_SRC && node->src[j]; j++)
            what += std::string(j ? ", " : " out of ") + ggml_type_name(node->src[j]->type);
        throw Error(Code::native_failure,
                    std::string("the device ") + ggml_backend_name(compute_.backend()) + " cannot compute " + what,
                    "train with --device cpu");
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

void set_tensor(ggml_tensor * t, const void * data) {
    ggml_backend_tensor_set(t, data, 0, ggml_nbytes(t));
}

std::vector<float> get_floats(const ggml_tensor * t) {
    std::vector<float> values(ggml_nelements(t));
    ggml_backend_tensor_get(t, values.data(), 0, ggml_nbytes(t));
    return values;
}

}  // namespace isheep
