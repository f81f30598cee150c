// What the exchanges between dies share: where a die's window is, and flags behind data.
//
//   window of each die:  | flag of die 0 | flag of die 1 | ... |  data, laid out by the kernel          one writer for each flag
//                          kFlagBytes each
// A sender writes its data into the receiver's window, all its cores meet, and one core writes the flag: the number of the
// exchange (epoch), so that no flag need be cleared. The host gives each of two exchanges in a row a window of its own.
#pragma once

#include "transfers.h"

namespace dies {

using namespace AscendC;
using namespace transfers;

inline constexpr uint32_t kFlagBytes = 64;  // a line of the data cache: polls of one do not fetch another

struct Group {
  uint64_t mine;    // our window
  uint64_t peers;   // that of the first other die; the others' follow `stride` apart, ours left out
  uint64_t stride;
  uint32_t rank, dies, epoch;

  __aicore__ __force_inline__ uint64_t window(uint32_t die) const { return die == rank ? mine : peers + (die - (die > rank ? 1 : 0)) * stride; }
};

__aicore__ __force_inline__ __gm__ volatile uint32_t* word(uint64_t address) { return reinterpret_cast<__gm__ volatile uint32_t*>(address); }

// All cores have written: the flags go out.
__aicore__ __force_inline__ void raise_flags(const Group& group) {
  SyncAll();
  for (uint32_t die = uint32_t(GetBlockIdx()); die < group.dies; die += uint32_t(GetBlockNum())) word(group.window(die) + group.rank * kFlagBytes)[0] = group.epoch;
}

// All dies' flags have come, `bytes` apart; the cores share the polling and meet behind it.
__aicore__ __force_inline__ void await_flags(const Group& group, uint32_t bytes = kFlagBytes) {
  for (uint32_t die = uint32_t(GetBlockIdx()); die < group.dies; die += uint32_t(GetBlockNum())) {
    __gm__ volatile uint32_t* flag = word(group.mine + die * bytes);
    while (*flag != group.epoch) dcci((const void*)flag, 0);
  }
  SyncAll();
}

}  // namespace dies
