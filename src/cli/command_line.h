// The whole command line as a function: what the program `vitruvian` runs, and the Python package's command of that name.
#pragma once

namespace vitruvian::cli {

// Prints; errors as one line on stderr. Returns the exit status: 0 done, 2 a user's mistake, 3 a fault of the kernel,
// 4 a failed check, 1 a bug of ours.
int command_line(int argc, char** argv);

}  // namespace vitruvian::cli
