// The micro-kernel for AMX with BF16, on Linux: 16 rows by 16 columns are multiplied and added up by one instruction.
// All but the tile is that of AVX-512, which every such processor has.
#include "common/micro-kernel-forms.h"

// Elsewhere a program has to ask for the registers in other ways; older compilers do not know them.
#if defined(__linux__) && defined(__x86_64__) && \
    ((defined(__clang__) && __clang_major__ >= 12) || (!defined(__clang__) && __GNUC__ >= 11))
#include "common/micro-kernel-sums-avx512.h"

#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>

#define ISHEEP_AMX __attribute__((target("amx-tile,amx-bf16,avx512f,avx512bw,avx512vl,avx512dq,avx512bf16")))

namespace isheep {
namespace amx {
namespace {

using avx512::Part;

// Registers 0 to 3 hold the sums of a block: upper and lower rows by left and right columns. 4 and 5 hold its upper and
// lower rows, 6 and 7 the panel's left and right columns.
constexpr int register_rows = 16;
constexpr int block_rows = 2 * register_rows;
constexpr int row_bytes = 64;  // of every register: 16 floats, 16 pairs, or a row's next 32 numbers
constexpr int step = 32;       // numbers of a row at a time

constexpr int blocks_of_tile = 4;

// As the processor reads it (Intel's Architectures Software Developer's Manual, TILECFG).
struct alignas(64) Configuration {
    uint8_t palette = 1, first_row = 0, reserved[14] = {};
    uint16_t bytes_of_row[16] = {};
    uint8_t n_rows[16] = {};
};

// For a block of so many rows: none beyond them is read, or computed.
Configuration configuration_for(int n_rows) {
    Configuration made;
    for (int r = 0; r < 8; r++) {
        made.bytes_of_row[r] = row_bytes;
        made.n_rows[r] = register_rows;
    }
    made.n_rows[0] = made.n_rows[1] = made.n_rows[4] = (uint8_t) std::min(n_rows, register_rows);
    if (n_rows > register_rows) made.n_rows[2] = made.n_rows[3] = made.n_rows[5] = (uint8_t) (n_rows - register_rows);
    return made;
}

// The thread's registers as this kernel needs them, and afterwards as they were: ggml's kernels for AMX make them ready
// once a thread. Loading takes some 250 cycles, as many as four steps of a block.
class Registers {
public:
    ISHEEP_AMX Registers() { _tile_storeconfig(&before_); }
    ISHEEP_AMX ~Registers() {
        if (before_.palette == 0) _tile_release();
        else _tile_loadconfig(&before_);
    }
    Registers(const Registers &) = delete;
    Registers & operator=(const Registers &) = delete;

    ISHEEP_AMX void make_ready(int n_rows) {
        if (n_rows == n_rows_) return;
        const Configuration needed = configuration_for(n_rows);
        _tile_loadconfig(&needed);
        n_rows_ = n_rows;
    }

private:
    Configuration before_;
    int n_rows_ = 0;
};

// The compiler does not know that a register is loaded from memory: what was written there has to be there first.
inline void written() {
    __asm__ volatile("" ::: "memory");
}

// rows: of the block's first row, `row_stride` bytes apart. columns: 16 pairs of the panel.
template <bool has_lower_rows>
ISHEEP_AMX inline void add_step(const Bf16 * rows, int64_t row_stride, const Bf16 * columns) {
    constexpr int64_t pair_stride = 2 * panel_columns * sizeof(Bf16);
    _tile_loadd(6, columns, pair_stride);
    _tile_loadd(4, rows, row_stride);
    _tile_dpbf16ps(0, 4, 6);
    _tile_loadd(7, columns + panel_columns, pair_stride);
    _tile_dpbf16ps(1, 4, 7);
    if constexpr (has_lower_rows) {
        _tile_loadd(5, (const char *) rows + register_rows * row_stride, row_stride);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(3, 5, 7);
    }
}

// What is left of a term after whole steps, filled up with zeros.
template <bool has_lower_rows>
ISHEEP_AMX void add_rest(const Bf16 * rows, int64_t row_stride, int n_rows, const Bf16 * columns, int64_t k) {
    alignas(64) Bf16 some_rows[block_rows][step] = {}, some_columns[step * panel_columns] = {};
    for (int r = 0; r < n_rows; r++)
        std::memcpy(some_rows[r], (const char *) rows + r * row_stride, (size_t) k * sizeof(Bf16));
    std::memcpy(some_columns, columns, (size_t) (k * panel_columns) * sizeof(Bf16));
    written();
    add_step<has_lower_rows>(some_rows[0], row_bytes, some_columns);
}

template <bool has_lower_rows> ISHEEP_AMX void add_term(const TileTerm & term, const Part & part) {
    const Bf16 * rows = term.rows + part.row * term.row_stride;
    const Bf16 * columns = term.panel + part.column / panel_columns * term.panel_stride;
    const int64_t row_stride = term.row_stride * (int64_t) sizeof(Bf16), whole = term.k / step * step;
    for (int64_t k = 0; k < whole; k += step)
        add_step<has_lower_rows>(rows + k, row_stride, columns + k * panel_columns);
    if (whole < term.k)
        add_rest<has_lower_rows>(rows + whole, row_stride, part.n_rows, columns + whole * panel_columns,
                                 term.k - whole);
}

constexpr int64_t sums_stride = panel_columns * sizeof(float);
constexpr int lower = register_rows * panel_columns, right = panel_columns / 2;  // places of their first sums

template <bool has_lower_rows> ISHEEP_AMX inline void store_sums(float * sums) {
    _tile_stored(0, sums, sums_stride);
    _tile_stored(1, sums + right, sums_stride);
    if constexpr (has_lower_rows) {
        _tile_stored(2, sums + lower, sums_stride);
        _tile_stored(3, sums + lower + right, sums_stride);
    }
}

template <bool has_lower_rows> ISHEEP_AMX inline void load_sums(const float * sums) {
    written();
    _tile_loadd(0, sums, sums_stride);
    _tile_loadd(1, sums + right, sums_stride);
    if constexpr (has_lower_rows) {
        _tile_loadd(2, sums + lower, sums_stride);
        _tile_loadd(3, sums + lower + right, sums_stride);
    }
}

template <bool has_lower_rows> ISHEEP_AMX void compute_block(const Tile & tile, const Part & part) {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    for (int i = 0; i < tile.n_terms; i++) {
        add_term<has_lower_rows>(tile.terms[i], part);
        if (i + 1 != tile.n_masked) continue;
        store_sums<has_lower_rows>(part.sums);
        avx512::multiply_by_mask(tile, part);
        load_sums<has_lower_rows>(part.sums);
    }
    store_sums<has_lower_rows>(part.sums);
    avx512::put_result(tile, part);
}

ISHEEP_AMX void compute_tile(const Tile & tile) {
    alignas(64) float sums[block_rows * panel_columns];
    Registers registers;
    for (int row = 0; row < tile.n_rows; row += block_rows) {
        const int n_rows = std::min(tile.n_rows - row, block_rows);
        registers.make_ready(n_rows);
        for (int column = 0; column < tile.n_columns; column += panel_columns) {
            const Part part{row, column, n_rows, sums};
            if (n_rows > register_rows) compute_block<true>(tile, part);
            else compute_block<false>(tile, part);
        }
    }
}

// Linux gives a process these registers where it asks for them (arch_prctl, ARCH_REQ_XCOMP_PERM; XFEATURE_XTILEDATA).
bool has_registers() {
    constexpr long request = 0x1023, tile_data = 18;
    constexpr unsigned bf16 = 1u << 22, tiles = 1u << 24;
    unsigned a, b, c, d = 0;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(d & bf16) || !(d & tiles)) return false;
    return syscall(SYS_arch_prctl, request, tile_data) == 0;
}

}  // namespace
}  // namespace amx

const MicroKernel * amx_bf16_kernel() {
    static const bool is_here = amx::has_registers();
    static const MicroKernel kernel = [] {
        MicroKernel made = *avx512_bf16_kernel();
        made.name = "AMX BF16";
        made.tile_rows = amx::blocks_of_tile * amx::block_rows;
        made.tile_panels = most_tile_panels;
        made.compute_tile = amx::compute_tile;
        return made;
    }();
    return is_here ? &kernel : nullptr;
}

}  // namespace isheep

#else

namespace isheep {

const MicroKernel * amx_bf16_kernel() {
    return nullptr;
}

}  // namespace isheep

#endif
