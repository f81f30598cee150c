// The four forms in which every element-wise function of the library is offered.
#pragma once

#include "lib/vector/scratch.h"

// The four forms of an element-wise function: with and without temporary tensor and count.
#define VITRUVIAN_ELEMENT_WISE(Name, function)                                                                                                        \
  template <typename T, bool isReuseSource = false>                                                                                                   \
  VITRUVIAN_INLINE void Name(const LocalTensor<T>& dst, const LocalTensor<T>& src, const LocalTensor<std::uint8_t>& sharedTmpBuffer,                  \
                             const std::uint32_t calCount) {                                                                                          \
    vector_library::element_wise(dst, src, calCount, vector_library::Scratch(sharedTmpBuffer), function);                                             \
  }                                                                                                                                                   \
  template <typename T, bool isReuseSource = false>                                                                                                   \
  VITRUVIAN_INLINE void Name(const LocalTensor<T>& dst, const LocalTensor<T>& src, const LocalTensor<std::uint8_t>& sharedTmpBuffer) {                \
    vector_library::element_wise(dst, src, src.GetSize(), vector_library::Scratch(sharedTmpBuffer), function);                                        \
  }                                                                                                                                                   \
  template <typename T, bool isReuseSource = false>                                                                                                   \
  VITRUVIAN_INLINE void Name(const LocalTensor<T>& dst, const LocalTensor<T>& src, const std::uint32_t calCount) {                                    \
    vector_library::element_wise(dst, src, calCount, vector_library::Scratch(), function);                                                            \
  }                                                                                                                                                   \
  template <typename T, bool isReuseSource = false>                                                                                                   \
  VITRUVIAN_INLINE void Name(const LocalTensor<T>& dst, const LocalTensor<T>& src) {                                                                  \
    vector_library::element_wise(dst, src, src.GetSize(), vector_library::Scratch(), function);                                                       \
  }
