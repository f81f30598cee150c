// Views of memory: GlobalTensor (device memory) and LocalTensor (a buffer of the core).
#pragma once

#include <type_traits>

#include "vitruvian/enums.h"

namespace AscendC {

template <typename T>
using PrimT = T;

enum class DataFormat : std::uint8_t { ND, NZ, NCHW, NC1HWC0, NHWC, NCDHW, NDC1HWC0, FRACTAL_Z_3D };
inline constexpr int K_MAX_SHAPE_DIM = 8;
struct ShapeInfo {
  constexpr ShapeInfo() = default;
  constexpr ShapeInfo(std::uint8_t dims, const std::uint32_t sizes[], std::uint8_t original_dims, const std::uint32_t original[],
                      DataFormat format = DataFormat::ND)
      : shapeDim(dims), originalShapeDim(original_dims), dataFormat(format) {
    for (int i = 0; i < dims && i < K_MAX_SHAPE_DIM; ++i) shape[i] = sizes[i];
    for (int i = 0; i < original_dims && i < K_MAX_SHAPE_DIM; ++i) originalShape[i] = original[i];
  }
  constexpr ShapeInfo(std::uint8_t dims, const std::uint32_t sizes[], DataFormat format = DataFormat::ND)
      : ShapeInfo(dims, sizes, dims, sizes, format) {}
  std::uint8_t shapeDim = 0;
  std::uint32_t shape[K_MAX_SHAPE_DIM] = {};
  std::uint8_t originalShapeDim = 0;
  std::uint32_t originalShape[K_MAX_SHAPE_DIM] = {};
  DataFormat dataFormat = DataFormat::ND;
};
// Elements of a shape.
VITRUVIAN_INLINE int GetShapeSize(const ShapeInfo& info) {
  std::uint32_t n = 1;
  for (int i = 0; i < info.shapeDim; ++i) n *= info.shape[i];
  return static_cast<int>(n);
}

namespace shapes {
// Shapes that tensors of this core were given. A tensor holds a number only: tensors are copied much more often than shaped.
inline constexpr int kShapes = 32;
inline ShapeInfo g_shapes[kShapes + 1];
inline std::uint8_t g_last = 0;
VITRUVIAN_INLINE std::uint8_t remember(const ShapeInfo& info) {
  g_last = static_cast<std::uint8_t>(g_last == kShapes ? 1 : g_last + 1);
  g_shapes[g_last] = info;
  return g_last;
}
}  // namespace shapes

template <typename T>
class GlobalTensor {
 public:
  using PrimType = T;
  VITRUVIAN_INLINE void SetGlobalBuffer(__gm__ T* address, std::uint64_t size = 0) { address_ = address, size_ = size; }
  VITRUVIAN_INLINE const __gm__ T* GetPhyAddr() const { return address_; }
  VITRUVIAN_INLINE __gm__ T* GetPhyAddr(std::uint64_t offset) const { return address_ + offset; }
  VITRUVIAN_INLINE std::uint64_t GetSize() const { return size_; }
  VITRUVIAN_INLINE void SetSize(std::uint64_t size) { size_ = size; }
  VITRUVIAN_INLINE T GetValue(std::uint64_t offset) const { return address_[offset]; }
  VITRUVIAN_INLINE T& operator()(std::uint64_t offset) const { return address_[offset]; }
  template <typename U>
  VITRUVIAN_INLINE void SetValue(std::uint64_t offset, U value) const { address_[offset] = static_cast<T>(value); }
  VITRUVIAN_INLINE GlobalTensor operator[](std::uint64_t offset) const {
    GlobalTensor view = *this;
    view.address_ = reinterpret_cast<T*>(reinterpret_cast<std::uint64_t>(address_) + bytes(offset));
    return view;
  }
  template <typename U>
  VITRUVIAN_INLINE GlobalTensor<U> ReinterpretCast() const {
    GlobalTensor<U> view;
    view.SetGlobalBuffer(reinterpret_cast<U*>(address_), size_ * sizeof(T) / sizeof(U));
    return view;
  }
  VITRUVIAN_INLINE void SetShapeInfo(const ShapeInfo& info) { shape_ = shapes::remember(info); }
  VITRUVIAN_INLINE ShapeInfo GetShapeInfo() const { return shapes::g_shapes[shape_]; }
  // The model of L2 takes no hints.
  template <CacheRwMode rw = CacheRwMode::RW>
  VITRUVIAN_INLINE void SetL2CacheHint(CacheMode) {}
  static constexpr TPosition position() { return TPosition::GM; }
  VITRUVIAN_INLINE std::uint64_t address() const { return reinterpret_cast<std::uint64_t>(address_); }

 private:
  static constexpr std::uint64_t bytes(std::uint64_t n) { return std::is_same_v<T, int4b_t> ? n / 2 : n * sizeof(T); }
  __gm__ T* address_ = nullptr;
  std::uint64_t size_ = 0;
  std::uint8_t shape_ = 0;
};

// What a queue remembers of one of its buffers (pipe_queue.h).
struct QueueBuffer;

// A view of UB, L1, L0A, L0B, L0C or a table: the address inside that buffer and the elements of the view.
template <typename T>
class LocalTensor {
 public:
  using PrimType = T;
  LocalTensor() = default;
  VITRUVIAN_INLINE LocalTensor(TPosition position, std::uint32_t address, std::uint32_t size)
      : address_(address), bytes_(byte_count<T>(size)), position_(position) {}
  static VITRUVIAN_INLINE LocalTensor of_bytes(TPosition position, std::uint32_t address, std::uint32_t bytes, QueueBuffer* buffer = nullptr) {
    LocalTensor view;
    view.address_ = address, view.bytes_ = bytes, view.position_ = position, view.buffer_ = buffer;
    return view;
  }

  VITRUVIAN_INLINE std::uint64_t address() const { return address_; }
  VITRUVIAN_INLINE QueueBuffer* buffer() const { return buffer_; }
  VITRUVIAN_INLINE __ubuf__ T* GetPhyAddr() const { return reinterpret_cast<T*>(static_cast<std::uint64_t>(address_)); }
  VITRUVIAN_INLINE __ubuf__ T* GetPhyAddr(std::uint32_t offset) const { return (*this)[offset].GetPhyAddr(); }
  VITRUVIAN_INLINE std::uint32_t GetSize() const { return std::is_same_v<T, int4b_t> ? bytes_ * 2 : bytes_ / sizeof(T); }
  VITRUVIAN_INLINE std::uint32_t GetLength() const { return bytes_; }
  VITRUVIAN_INLINE void SetSize(std::uint32_t size) { bytes_ = byte_count<T>(size); }
  VITRUVIAN_INLINE std::int32_t GetPosition() const { return static_cast<std::int32_t>(position_); }
  VITRUVIAN_INLINE TPosition position() const { return position_; }
  VITRUVIAN_INLINE void SetShapeInfo(const ShapeInfo& info) { shape_ = shapes::remember(info); }
  VITRUVIAN_INLINE ShapeInfo GetShapeInfo() const { return shapes::g_shapes[shape_]; }
  VITRUVIAN_INLINE void SetUserTag(std::int32_t tag) { tag_ = tag; }
  VITRUVIAN_INLINE std::int32_t GetUserTag() const { return tag_; }
  VITRUVIAN_INLINE void SetBufferLen(std::uint32_t size) { SetSize(size); }
  // This view: `offset` elements behind another tensor's start.
  template <typename U>
  VITRUVIAN_INLINE void SetAddrWithOffset(const LocalTensor<U>& source, std::uint32_t offset) {
    *this = source[offset].template ReinterpretCast<T>();
  }

  // Scalar access (UB of a vector core only).
  VITRUVIAN_INLINE T GetValue(std::uint32_t offset) const {
    if constexpr (g_coreType == AIV) return *cell(offset);
    return T{};
  }
  template <typename U>
  VITRUVIAN_INLINE void SetValue(std::uint32_t offset, U value) const {
    if constexpr (g_coreType == AIV) *cell(offset) = static_cast<T>(value);
  }
  VITRUVIAN_INLINE T& operator()(std::uint32_t offset) const { return *cell(offset); }

  VITRUVIAN_INLINE LocalTensor operator[](std::uint32_t offset) const {
    LocalTensor view = *this;
    view.address_ += byte_count<T>(offset);
    view.bytes_ -= byte_count<T>(offset);
    return view;
  }
  template <typename U>
  VITRUVIAN_INLINE LocalTensor<U> ReinterpretCast() const {
    return LocalTensor<U>::of_bytes(position_, address_, bytes_, buffer_);
  }

 private:
  VITRUVIAN_INLINE T* cell(std::uint32_t offset) const {
    return reinterpret_cast<T*>(static_cast<std::uint64_t>(address_ + byte_count<T>(offset)));
  }
  std::uint32_t address_ = 0, bytes_ = 0;
  TPosition position_ = TPosition::VECCALC;
  std::uint8_t shape_ = 0;
  std::int32_t tag_ = 0;
  QueueBuffer* buffer_ = nullptr;
};

}  // namespace AscendC
