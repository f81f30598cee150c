#include "src/cli/command_line.h"

// SystemC's library wants this symbol of the program that links it; it is never called, since main is ours. Weak, so that
// a definition elsewhere counts.
extern "C" __attribute__((weak, visibility("default"))) int sc_main(int, char**) { return 0; }

int main(int argc, char** argv) { return vitruvian::cli::command_line(argc, argv); }
