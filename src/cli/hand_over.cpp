#include "src/cli/hand_over.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vitruvian/error.h"
#include "vitruvian/vitruvian.h"

namespace vitruvian::cli {
namespace {

std::vector<char*> c_strings(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

// Looks for the package without importing it, which would cost the user the import twice. A mere folder of that name is
// a namespace package and has no origin.
bool has_package(const std::string& python) {
  std::vector<std::string> words = {python, "-c",
                                    "import importlib.util, sys; spec = importlib.util.find_spec('vitruvian'); sys.exit(not (spec and spec.origin))"};
  posix_spawn_file_actions_t quiet;
  posix_spawn_file_actions_init(&quiet);
  posix_spawn_file_actions_addopen(&quiet, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&quiet, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t child = 0;
  const int problem = ::posix_spawnp(&child, python.c_str(), &quiet, nullptr, c_strings(words).data(), environ);
  posix_spawn_file_actions_destroy(&quiet);
  int status = -1;
  while (problem == 0 && ::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return problem == 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

std::string python_with_package(const std::string& wanted) {
  if (const char* named = std::getenv("VITRUVIAN_PYTHON"); named != nullptr && *named != '\0') {
    if (has_package(named)) return named;
    throw Error(wanted + " needs the Python package", "VITRUVIAN_PYTHON", "an interpreter that finds the package vitruvian", named);
  }
  const std::string tree = data_directory() + "/.venv/bin/python";
  for (const std::string& python : {tree, std::string("python3")})
    if (has_package(python)) return python;
  throw Error(wanted + " needs the Python package", tree + ", python3", "`pip install .` in the source tree, or VITRUVIAN_PYTHON set to an interpreter that has it", {});
}

}  // namespace

void hand_over(const std::vector<std::string>& words, const std::string& wanted) {
  std::vector<std::string> line = {python_with_package(wanted), "-m", "vitruvian"};
  line.insert(line.end(), words.begin(), words.end());
  ::execvp(line.front().c_str(), c_strings(line).data());
  throw Error("cannot start Python", line.front(), "an executable", std::strerror(errno));
}

}  // namespace vitruvian::cli
