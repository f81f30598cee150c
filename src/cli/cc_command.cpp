#include <filesystem>
#include <memory>

#include "src/cli/command.h"
#include "src/runtime/launcher.h"
#include "vitruvian/vitruvian.h"

namespace vitruvian::cli {

void add_cc(CLI::App& app, int& status) {
  struct Options {
    std::string source, output, compiler, launchers;
    std::vector<std::string> defines, includes, flags;
    bool keep = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("cc", "Compile a kernel source for the device with the stock clang++");
  command->add_option("source", options->source, "Kernel source (.cpp)")->required();
  command->add_option("-o,--output", options->output, "ELF to write (default: the source's name with .elf)");
  command->add_option("-D", options->defines, "Define a macro")->allow_extra_args(false);
  command->add_option("-I", options->includes, "Add an include folder")->allow_extra_args(false);
  command->add_option("--flag", options->flags, "Pass a flag to the compiler as it stands")->allow_extra_args(false);
  command->add_option("--compiler", options->compiler, "clang++ or riscv64 g++ by name or path (default: clang++-19 and its neighbours)");
  command->add_option("--launchers", options->launchers, "Write host code that launches the kernels into a folder");
  command->add_flag("--keep-temporaries", options->keep, "Keep objects between compiler and linker");
  command->callback([options, &status] {
    if (options->output.empty()) options->output = std::filesystem::path(options->source).stem().string() + ".elf";
    CompileOptions compile_options{.flags = options->flags, .keep_temporaries = options->keep, .compiler = options->compiler};
    for (const std::string& define : options->defines) compile_options.flags.push_back("-D" + define);
    for (const std::string& include : options->includes) compile_options.flags.push_back("-I" + include);
    compile(options->source, options->output, compile_options);
    if (!options->launchers.empty()) runtime::write_launchers(options->source, options->output, options->launchers);
    status = kDone;
  });
}

}  // namespace vitruvian::cli
