// Private to cube_unit: flush-to-zero and denormals-are-zero of the host, for the life of the object.
#pragma once

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace vitruvian::cube_unit {

class FlushMode {
 public:
#if defined(__x86_64__)
  explicit FlushMode(bool on) : saved_(_mm_getcsr()), on_(on) {
    constexpr unsigned kRoundNearestMasked = 0x1f80, kFlushToZero = 0x8000, kDenormalsAreZero = 0x0040;
    if (on_) _mm_setcsr(kRoundNearestMasked | kFlushToZero | kDenormalsAreZero);
  }
  ~FlushMode() {
    if (on_) _mm_setcsr(saved_);
  }

 private:
  unsigned saved_;
  bool on_;
#else
  explicit FlushMode(bool) {}
#endif

 public:
  FlushMode(const FlushMode&) = delete;
  FlushMode& operator=(const FlushMode&) = delete;
};

}  // namespace vitruvian::cube_unit
