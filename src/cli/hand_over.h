// Commands that live in the Python package (R1's kernels, model and serving): this process becomes `python -m vitruvian`.
#pragma once

#include <string>
#include <vector>

namespace vitruvian::cli {

// The interpreter: $VITRUVIAN_PYTHON, else the source tree's .venv, else python3, the first that finds the package.
// Does not return. Errors: Error that says `wanted` (who needs Python) and what to install.
[[noreturn]] void hand_over(const std::vector<std::string>& words, const std::string& wanted);

}  // namespace vitruvian::cli
