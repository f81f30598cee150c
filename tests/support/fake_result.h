// A LaunchResult made by hand: two AICs and one AIV, small round numbers.
#pragma once

#include "isa/instruction.h"
#include "vitruvian/vitruvian.h"

namespace vitruvian::test {

inline PipeCounters fake_pipe(const char* name, std::uint64_t busy, std::uint64_t flag, std::uint64_t idle) {
  PipeCounters pipe;
  pipe.pipe = name;
  pipe.operations = 2;
  pipe.busy = busy;
  pipe.stall[static_cast<std::size_t>(StallReason::flag)] = flag;
  pipe.idle = idle;
  return pipe;
}

inline LaunchResult fake_result() {
  LaunchResult result;
  result.kernel = "gemm";
  result.chip = "ascend910c";
  result.mode = "full";
  result.sync = "auto";
  result.l2 = "cold";
  result.bound = "cube";
  result.cycles = 1800;
  result.time_us = 1.0;  // 1.8 GHz
  result.core_time_us = 0.5;
  for (const char* name : {"aic0", "aic1"}) {
    CoreCounters core{name, true, 100, 1000, 1000, 50, {}};
    core.pipes = {fake_pipe("S", 100, 200, 600), fake_pipe("M", 600, 100, 200)};
    result.cores.push_back(core);
  }
  result.cores.push_back({"aiv0", false, 100, 1000, 1000, 20, {fake_pipe("S", 90, 0, 810), fake_pipe("V", 450, 0, 450)}});
  const auto mmad = static_cast<std::uint16_t>(isa::Op::vadd_f32);
  result.events = {
      {1, 1, mmad, StallReason::flag, 0x80, 150, 180, 360, 0},
      {0, 1, mmad, StallReason::kCount, 0x84, 300, 360, 540, 512},  // starts before the results of the one before it
      {0, 1, mmad, StallReason::kCount, 0x80, 150, 180, 400, 0},
  };
  return result;
}

}  // namespace vitruvian::test
