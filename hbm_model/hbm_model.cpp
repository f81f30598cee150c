#include "hbm_model/hbm_model.h"

#include <algorithm>

namespace vitruvian::hbm_model {

HbmModel::HbmModel(const HbmTiming& timing)
    : hash_(timing.stacks),
      interleave_(timing.interleave),
      rate_(timing.stack_bytes_per_cycle),
      turnaround_(memory::ticks_from(timing.turnaround)),
      write_batch_(timing.write_batch),
      queue_time_(timing.write_queue * rate_.time(timing.interleave)),
      stacks_(timing.stacks) {}

void HbmModel::turn(Stack& stack, bool writing) {
  if (stack.writing == writing) return;
  stack.writing = writing;
  stack.free += turnaround_;
  counters_.busy += turnaround_;
  ++counters_.turnarounds;
}

void HbmModel::drain(Stack& stack, Tick at) {
  stack.free = std::max(stack.free, at);
  turn(stack, true);
  stack.free += stack.queued;
  stack.queued = 0;
  stack.queued_writes = 0;
}

Tick HbmModel::read(std::uint64_t address, std::uint32_t bytes, Tick at) {
  Stack& stack = stacks_[stack_of(address)];
  // An idle bus has had time for the writes that wait: they cost the reads nothing.
  if (stack.queued_writes != 0 && stack.free + stack.queued + 2 * turnaround_ <= at) {
    stack.free += stack.queued;
    stack.queued = 0;
    stack.queued_writes = 0;
  }
  const Tick start = std::max(stack.free, at);
  const Tick time = rate_.time(bytes);
  stack.free = start;
  turn(stack, false);
  const Tick wait = stack.free - at;
  stack.free += time;
  counters_.busy += time;
  counters_.bytes_read += bytes;
  return wait;
}

Tick HbmModel::write(std::uint64_t address, std::uint32_t bytes, Tick at) {
  Stack& stack = stacks_[stack_of(address)];
  const Tick time = rate_.time(bytes);
  stack.queued += time;
  counters_.busy += time;
  counters_.bytes_written += bytes;
  if (++stack.queued_writes >= write_batch_) drain(stack, at);
  return stack.free > at + queue_time_ ? stack.free - at - queue_time_ : 0;
}

void HbmModel::reset_clock() {
  std::fill(stacks_.begin(), stacks_.end(), Stack{});
  counters_ = {};
}

}  // namespace vitruvian::hbm_model
