// Runs tools of the reference tool chain for tests that compare with them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace vitruvian::isa::test {

// A folder of its own that is removed with the object.
class ScratchFolder {
 public:
  ScratchFolder();
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

void write_file(const std::string& path, const std::string& text);
std::string read_file(const std::string& path);
// Runs a shell command; the exit status.
int run(const std::string& command);

// A word as llvm-mc reads it: "0x13 0x05 0x00 0x00".
std::string as_bytes(std::uint32_t word, unsigned length);

struct LlvmLine {
  std::uint32_t word = 0;
  std::string text;  // one space after the mnemonic, no tabs
};
// What llvm-mc makes of the words, in order; words that it rejects are missing. `attributes`: "+m,+f,...".
std::vector<LlvmLine> llvm_disassemble(const std::vector<std::uint32_t>& words, const std::string& attributes);

}  // namespace vitruvian::isa::test
