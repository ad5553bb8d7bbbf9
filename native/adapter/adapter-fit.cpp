#include "adapter/adapter-fit.h"

#include "common/status.h"

#include <cmath>
#include <sstream>

namespace isheep {
namespace {

std::string joined(const std::vector<std::string> & texts) {
    std::string all;
    for (const std::string & text : texts) all += (all.empty() ? "" : "; ") + text;
    return all;
}

// 16, not 16.000000.
std::string in_words(double value) {
    std::ostringstream text;
    text << value;
    return text.str();
}

std::string base_problem(const LoraFile & adapter, const WantedAdapter & wanted) {
    if (adapter.architecture != wanted.architecture)
        return "it is for the architecture " + adapter.architecture + ", not " + wanted.architecture;
    const auto base = adapter.metadata.find("isheep.base.sha256");
    if (base == adapter.metadata.end() || wanted.base_sha256.empty() || base->second == wanted.base_sha256) return "";
    return "it was trained on a base with the sha256 " + base->second.substr(0, 12) + "…, and this one has " +
           wanted.base_sha256.substr(0, 12) + "…";
}

// The first matrix that is missing, superfluous or of another shape: where one is, most are.
std::string matrix_problem(const LoraFile & adapter, const WantedAdapter & wanted) {
    std::map<std::string, const LoraPair *> left;
    for (const LoraPair & pair : adapter.pairs) left[pair.base_tensor] = &pair;
    for (const AdapterMatrix & matrix : wanted.matrices) {
        const auto found = left.find(matrix.base_tensor);
        if (found == left.end()) return "it has no matrices for " + matrix.base_tensor;
        const LoraPair & pair = *found->second;
        if (pair.n_in != matrix.n_in || pair.n_out != matrix.n_out)
            return matrix.base_tensor + " has another shape in this base";
        left.erase(found);
    }
    return left.empty() ? "" : "it has matrices for " + left.begin()->first + ", which is not trained here";
}

}  // namespace

void check_adapter_fits(const std::string & path, const LoraFile & adapter, const WantedAdapter & wanted) {
    const std::string base = base_problem(adapter, wanted);
    if (!base.empty())
        throw Error(Code::adapter_mismatch, path + ": " + base, "start from an adapter of this base, or from none");
    std::vector<std::string> problems;
    for (const LoraPair & pair : adapter.pairs) {
        if (pair.rank == wanted.rank) continue;
        problems.push_back("its rank is " + std::to_string(pair.rank) + ", not " + std::to_string(wanted.rank));
        break;
    }
    if (std::fabs(adapter.alpha - wanted.alpha) > 1e-4 * wanted.alpha)
        problems.push_back("its alpha is " + in_words(adapter.alpha) + ", not " + in_words(wanted.alpha));
    const std::string matrix = matrix_problem(adapter, wanted);
    if (!matrix.empty()) problems.push_back(matrix);
    if (problems.empty()) return;
    throw Error(Code::adapter_mismatch, path + ": " + joined(problems),
                "give the rank, the alpha and the targets that it was made with, or start from none");
}

}  // namespace isheep
