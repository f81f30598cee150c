// TPipe, TQue, TQueBind, TBuf, LocalMemAllocator: on-core memory and the events that order producers and consumers.
//
//   AllocTensor: wait_flag(consumer -> producer) of the buffer's last use     EnQue: set_flag(producer -> consumer)
//   FreeTensor:  set_flag(consumer -> producer)                               DeQue: wait_flag(producer -> consumer)
// A buffer keeps the id of its first use in each direction, as long as ids are left: S gives an id back when it issues the wait, not
// when the pipe has done it, so a recycled id could be set twice before its first wait. Buffers beyond that share what is left.
#pragma once

#include "vitruvian/system.h"

namespace AscendC {

struct QueueBuffer {
  std::uint32_t address = 0, bytes = 0;
  std::uint8_t state = 0;           // kFree, kTaken
  std::int8_t produced = -1;        // id of the pending producer -> consumer event
  std::int8_t released = -1;        // id of the pending consumer -> producer event
  std::uint8_t release_event = 0;   // HardEvent of `released`
  std::uint8_t produce_event = 0;   // HardEvent of `produced`
  std::int8_t own_produced = -1;    // ids that the buffer keeps
  std::int8_t own_released = -1;
  std::uint8_t hardware = 0;        // Hardware of the address
};

// Pipe that fills a position from another, and pipe that empties it.
constexpr pipe_t producer_pipe(TPosition source, TPosition destination) {
  if (source == TPosition::GM) return PIPE_MTE2;
  if (destination == TPosition::GM) return source == TPosition::CO1 || source == TPosition::CO2 ? PIPE_FIX : PIPE_MTE3;
  switch (destination) {
    case TPosition::A2: case TPosition::B2: case TPosition::C2: return PIPE_MTE1;
    case TPosition::CO1: return PIPE_M;
    case TPosition::CO2: case TPosition::C2PIPE2GM: return PIPE_FIX;
    default: return PIPE_V;
  }
}
// A queue at one position: who fills it and who empties it.
constexpr pipe_t filling_pipe(TPosition position) {
  switch (position) {
    case TPosition::VECIN: case TPosition::A1: case TPosition::B1: case TPosition::C1: case TPosition::TSCM: return PIPE_MTE2;
    case TPosition::A2: case TPosition::B2: case TPosition::C2: return PIPE_MTE1;
    case TPosition::CO1: return PIPE_M;
    case TPosition::CO2: case TPosition::C2PIPE2GM: return PIPE_FIX;
    default: return PIPE_V;
  }
}
constexpr pipe_t emptying_pipe(TPosition position) {
  switch (position) {
    case TPosition::VECOUT: return PIPE_MTE3;
    case TPosition::A1: case TPosition::B1: case TPosition::C1: case TPosition::TSCM: return PIPE_MTE1;
    case TPosition::A2: case TPosition::B2: case TPosition::C2: return PIPE_M;
    case TPosition::CO1: case TPosition::C2PIPE2GM: return PIPE_FIX;
    default: return PIPE_V;
  }
}
constexpr HardEvent event_between(pipe_t source, pipe_t destination) { return static_cast<HardEvent>(source << 4 | destination); }

class TPipe;
// The live TPipe of this core (.bss is private to each core).
inline TPipe* g_tPipe = nullptr;

template <TPosition position>
class TBuf;
template <TPosition source, TPosition destination, std::int32_t depth, auto mask>
class TQueBind;
template <TPosition position, std::uint32_t bufIDSize>
class TBufPool;

class TPipe {
 public:
  VITRUVIAN_INLINE TPipe() { Init(); }
  TPipe(const TPipe&) = delete;
  VITRUVIAN_INLINE ~TPipe() { Destroy(); }

  VITRUVIAN_INLINE void Init() {
    for (auto& used : used_) used = 0;
    buffers_ = 0;
    for (auto& ids : taken_) ids = 0;
    for (auto& ids : kept_) ids = 0;
    g_tPipe = this;
  }
  VITRUVIAN_INLINE void Reset() {
    settle();
    for (std::uint32_t i = 0; i < buffers_; ++i) give_back_ids(pool_[i]);
    for (auto& used : used_) used = 0;
    buffers_ = 0;
  }
  // Waits for everything, so that no flag outlives the kernel.
  VITRUVIAN_INLINE void Destroy() {
    settle();
    ::pipe_barrier(PIPE_ALL);
  }

  template <TPosition source, TPosition destination, std::int32_t depth, auto mask>
  VITRUVIAN_INLINE bool InitBuffer(TQueBind<source, destination, depth, mask>& queue, std::uint32_t number, std::uint32_t bytes) {
    bytes = round_up(bytes);
    return place_queue(queue, number, bytes, take(hardware_of(queue.kStorage), number * bytes));
  }
  template <TPosition position>
  VITRUVIAN_INLINE bool InitBuffer(TBuf<position>& buffer, std::uint32_t bytes) {
    bytes = round_up(bytes);
    return place_buffer(buffer, bytes, take(hardware_of(position), bytes));
  }
  // Part of the memory for a pool (buffer_pool.h); the second form lies over the memory of another pool.
  template <TPosition position, std::uint32_t ids>
  VITRUVIAN_INLINE bool InitBufPool(TBufPool<position, ids>& pool, std::uint32_t bytes);
  template <TPosition position, std::uint32_t ids, TPosition other, std::uint32_t other_ids>
  VITRUVIAN_INLINE bool InitBufPool(TBufPool<position, ids>& pool, std::uint32_t bytes, TBufPool<other, other_ids>& shared);

  // Queues and scratch at an address that InitBuffer or a pool chose.
  template <TPosition source, TPosition destination, std::int32_t depth, auto mask>
  VITRUVIAN_INLINE bool place_queue(TQueBind<source, destination, depth, mask>& queue, std::uint32_t number, std::uint32_t bytes, std::uint32_t address) {
    QueueBuffer* first = room_for(number);
    queue.buffer_ = first;
    queue.number_ = static_cast<std::uint8_t>(number);
    for (std::uint32_t i = 0; i < number; ++i) {
      first[i] = QueueBuffer{address + i * bytes, bytes};
      first[i].hardware = static_cast<std::uint8_t>(hardware_of(queue.kStorage));
    }
    return true;
  }
  template <TPosition position>
  VITRUVIAN_INLINE bool place_buffer(TBuf<position>& buffer, std::uint32_t bytes, std::uint32_t address) {
    buffer.address_ = address;
    buffer.bytes_ = bytes;
    return true;
  }
  // Waits for the pending events of the queue buffers in a range, and forgets those buffers.
  inline __attribute__((noinline)) void forget_between(std::uint32_t first, std::uint32_t last, Hardware hardware) {
    for (std::uint32_t i = 0; i < buffers_; ++i) {
      QueueBuffer& buffer = pool_[i];
      if (buffer.bytes == 0 || buffer.hardware != static_cast<std::uint8_t>(hardware) || buffer.address < first || buffer.address >= last) continue;
      settle(buffer);
      give_back(static_cast<HardEvent>(buffer.produce_event), buffer.own_produced);
      give_back(static_cast<HardEvent>(buffer.release_event), buffer.own_released);
      buffer.bytes = 0;
    }
  }

  // An id without reserving it; AllocEventID reserves, ReleaseEventID gives back.
  template <HardEvent event>
  VITRUVIAN_INLINE TEventID FetchEventID() { return free_id(event); }
  VITRUVIAN_INLINE TEventID FetchEventID(HardEvent event) { return free_id(event); }
  template <HardEvent event>
  VITRUVIAN_INLINE TEventID AllocEventID() { return take_id(event); }
  template <HardEvent event>
  VITRUVIAN_INLINE void ReleaseEventID(TEventID id) { give_id(event, id); }
  // A view of a position from an absolute offset.
  template <TPosition position, typename T>
  VITRUVIAN_INLINE LocalTensor<T> GetAbsAddr(std::int32_t byte_offset, std::int32_t count) const {
    return LocalTensor<T>(position, static_cast<std::uint32_t>(byte_offset), static_cast<std::uint32_t>(count));
  }
  VITRUVIAN_INLINE std::uint64_t GetQueueEndAddress(Hardware hardware) const { return used_bytes(hardware); }

  // For a buffer's event: its own id, made at the first use while few enough are kept; otherwise any free one.
  VITRUVIAN_INLINE TEventID buffer_id(HardEvent event, std::int8_t& own) {
    if (own >= 0) return own;
    std::uint8_t& kept = kept_[source_pipe(event) * kPipes + destination_pipe(event)];
    const TEventID id = take_id(event);
    if (kept < kMostKept) own = static_cast<std::int8_t>(id), ++kept;
    return id;
  }
  VITRUVIAN_INLINE void retire_id(HardEvent event, std::int8_t id, std::int8_t own) {
    if (id != own) give_id(event, id);
  }

  VITRUVIAN_INLINE TEventID take_id(HardEvent event) {
    const TEventID id = free_id(event);
    taken(event) = static_cast<std::uint8_t>(taken(event) | 1u << id);
    return id;
  }
  VITRUVIAN_INLINE void give_id(HardEvent event, TEventID id) {
    taken(event) = static_cast<std::uint8_t>(taken(event) & ~(1u << id));
  }
  VITRUVIAN_INLINE std::uint32_t used_bytes(Hardware hardware) const { return used_[static_cast<int>(hardware)]; }

 private:
  static constexpr std::uint32_t kBuffers = 64;
  static constexpr int kPipes = 11;
  static VITRUVIAN_INLINE constexpr std::uint32_t round_up(std::uint32_t bytes) { return (bytes + 31) & ~31u; }
  VITRUVIAN_INLINE std::uint32_t take(Hardware hardware, std::uint32_t bytes) {
    std::uint32_t& used = used_[static_cast<int>(hardware)];
    const std::uint32_t address = used;
    used += bytes;
    return address;
  }
  VITRUVIAN_INLINE std::uint8_t& taken(HardEvent event) {
    return taken_[source_pipe(event) * kPipes + destination_pipe(event)];
  }
  VITRUVIAN_INLINE TEventID free_id(HardEvent event) {
    std::uint32_t free = ~static_cast<std::uint32_t>(taken(event)) & 0xff;
    if (free == 0) vitruvian_stop();
    TEventID id = 0;
    while (!(free & 1)) free >>= 1, ++id;
    return id;
  }
  VITRUVIAN_INLINE void settle() {
    for (std::uint32_t i = 0; i < buffers_; ++i) settle(pool_[i]);
  }
  // A kept id, if there is one, is free again.
  VITRUVIAN_INLINE void give_back(HardEvent event, std::int8_t own) {
    if (own < 0) return;
    give_id(event, own);
    --kept_[source_pipe(event) * kPipes + destination_pipe(event)];
  }
  // `number` records in a row: forgotten ones, or new ones.
  VITRUVIAN_INLINE QueueBuffer* room_for(std::uint32_t number) {
    std::uint32_t run = 0;
    for (std::uint32_t i = 0; i < buffers_; ++i) {
      run = pool_[i].bytes == 0 ? run + 1 : 0;
      if (run == number && number > 0) return pool_ + i + 1 - number;
    }
    if (buffers_ + number > kBuffers) vitruvian_stop();
    buffers_ += number;
    return pool_ + buffers_ - number;
  }
  VITRUVIAN_INLINE void give_back_ids(QueueBuffer& buffer) {
    if (buffer.own_produced >= 0) give_id(static_cast<HardEvent>(buffer.produce_event), buffer.own_produced);
    if (buffer.own_released >= 0) give_id(static_cast<HardEvent>(buffer.release_event), buffer.own_released);
    for (auto& ids : kept_) ids = 0;
  }
  // The pipes of a queue are not constants here: one compare for each pair that queues use.
  static inline __attribute__((noinline)) void settle(QueueBuffer& buffer) {
    if (buffer.produced >= 0) wait(buffer.produce_event, buffer.produced);
    if (buffer.released >= 0) wait(buffer.release_event, buffer.released);
    if (buffer.produced >= 0) g_tPipe->retire_id(static_cast<HardEvent>(buffer.produce_event), buffer.produced, buffer.own_produced);
    if (buffer.released >= 0) g_tPipe->retire_id(static_cast<HardEvent>(buffer.release_event), buffer.released, buffer.own_released);
    buffer.produced = buffer.released = -1;
  }
  static VITRUVIAN_INLINE void wait(std::uint8_t event, TEventID id) {
    switch (static_cast<HardEvent>(event)) {
#define VITRUVIAN_WAIT(e) case HardEvent::e: return WaitFlag<HardEvent::e>(id);
      VITRUVIAN_WAIT(MTE2_V) VITRUVIAN_WAIT(V_MTE2) VITRUVIAN_WAIT(V_MTE3) VITRUVIAN_WAIT(MTE3_V)
      VITRUVIAN_WAIT(MTE2_MTE3) VITRUVIAN_WAIT(MTE3_MTE2) VITRUVIAN_WAIT(MTE2_MTE1) VITRUVIAN_WAIT(MTE1_MTE2)
      VITRUVIAN_WAIT(MTE1_M) VITRUVIAN_WAIT(M_MTE1) VITRUVIAN_WAIT(M_FIX) VITRUVIAN_WAIT(FIX_M)
#undef VITRUVIAN_WAIT
      default: return;
    }
  }

  std::uint32_t used_[static_cast<int>(Hardware::MAX)];
  std::uint32_t buffers_ = 0;
  std::uint8_t taken_[kPipes * kPipes], kept_[kPipes * kPipes];
  static constexpr std::uint8_t kMostKept = 6;
  QueueBuffer pool_[kBuffers];
};

VITRUVIAN_INLINE TPipe* GetTPipePtr() { return g_tPipe; }

// A queue of buffers filled on the way into `source` and emptied on the way out of `destination`.
template <TPosition source, TPosition destination, std::int32_t depth, auto mask = 0>
class TQueBind {
 public:
  static constexpr TPosition kStorage = source == TPosition::GM ? destination : source;
  static constexpr pipe_t kProducer = filling_pipe(source);
  static constexpr pipe_t kConsumer = emptying_pipe(destination);
  static constexpr bool kHasEvents = kProducer != kConsumer;
  static constexpr HardEvent kProduced = event_between(kProducer, kConsumer);
  static constexpr HardEvent kReleased = event_between(kConsumer, kProducer);
  static constexpr TPosition srcPosition = source, dstPosition = destination;

  template <typename T>
  VITRUVIAN_INLINE LocalTensor<T> AllocTensor() {
    QueueBuffer* buffer = buffer_ + next_;
    for (std::uint32_t i = 0; buffer->state != kFree; ++i) {
      if (i == number_) vitruvian_stop();
      next_ = advance(next_);
      buffer = buffer_ + next_;
    }
    next_ = advance(next_);
    buffer->state = kTaken;
    if constexpr (kHasEvents)
      if (buffer->released >= 0) {
        WaitFlag<kReleased>(buffer->released);
        g_tPipe->retire_id(kReleased, buffer->released, buffer->own_released);
        buffer->released = -1;
      }
    return LocalTensor<T>::of_bytes(kStorage, buffer->address, buffer->bytes, buffer);
  }
  template <typename T>
  VITRUVIAN_INLINE void AllocTensor(LocalTensor<T>& tensor) { tensor = AllocTensor<T>(); }

  template <typename T>
  VITRUVIAN_INLINE bool EnQue(const LocalTensor<T>& tensor) { return enqueue<kProduced>(tensor.buffer()); }
  template <TPosition from, TPosition to, typename T>
  VITRUVIAN_INLINE bool EnQue(const LocalTensor<T>& tensor) {
    return enqueue<event_between(producer_pipe(from, to), kConsumer)>(tensor.buffer());
  }
  template <typename T>
  VITRUVIAN_INLINE LocalTensor<T> DeQue() { return dequeue<T, kProduced>(); }
  template <TPosition from, TPosition to, typename T>
  VITRUVIAN_INLINE LocalTensor<T> DeQue() { return dequeue<T, event_between(producer_pipe(from, to), kConsumer)>(); }
  template <typename T>
  VITRUVIAN_INLINE void DeQue(LocalTensor<T>& tensor) { tensor = DeQue<T>(); }

  template <typename T>
  VITRUVIAN_INLINE void FreeTensor(const LocalTensor<T>& tensor) {
    QueueBuffer* buffer = tensor.buffer();
    buffer->state = kFree;
    if constexpr (kHasEvents) {
      buffer->released = g_tPipe->buffer_id(kReleased, buffer->own_released);
      buffer->release_event = static_cast<std::uint8_t>(kReleased);
      SetFlag<kReleased>(buffer->released);
    }
  }
  VITRUVIAN_INLINE bool VacantInQue() const { return queued_ < kDepth; }
  VITRUVIAN_INLINE bool HasTensorInQue() const { return queued_ != 0; }
  VITRUVIAN_INLINE std::int32_t GetTensorCountInQue() const { return queued_; }
  VITRUVIAN_INLINE bool HasIdleBuffer() const {
    for (std::uint32_t i = 0; i < number_; ++i)
      if (buffer_[i].state == kFree) return true;
    return false;
  }
  VITRUVIAN_INLINE void FreeAllEvent() {}

 private:
  friend class TPipe;
  static constexpr std::uint8_t kFree = 0, kTaken = 1;
  static constexpr int kDepth = 8;  // as many as buffers may be outstanding at one position
  VITRUVIAN_INLINE std::uint8_t advance(std::uint8_t i) const { return static_cast<std::uint8_t>(i + 1 == number_ ? 0 : i + 1); }

  template <HardEvent event>
  VITRUVIAN_INLINE bool enqueue(QueueBuffer* buffer) {
    if (queued_ == kDepth) return false;
    fifo_[(head_ + queued_) % kDepth] = buffer;
    ++queued_;
    if constexpr (source_pipe(event) != destination_pipe(event)) {
      buffer->produced = g_tPipe->buffer_id(event, buffer->own_produced);
      buffer->produce_event = static_cast<std::uint8_t>(event);
      SetFlag<event>(buffer->produced);
    }
    return true;
  }
  template <typename T, HardEvent event>
  VITRUVIAN_INLINE LocalTensor<T> dequeue() {
    if (queued_ == 0) vitruvian_stop();
    QueueBuffer* buffer = fifo_[head_];
    head_ = static_cast<std::uint8_t>((head_ + 1) % kDepth);
    --queued_;
    if constexpr (source_pipe(event) != destination_pipe(event)) {
      WaitFlag<event>(buffer->produced);
      g_tPipe->retire_id(event, buffer->produced, buffer->own_produced);
      buffer->produced = -1;
    }
    return LocalTensor<T>::of_bytes(kStorage, buffer->address, buffer->bytes, buffer);
  }

  QueueBuffer* buffer_ = nullptr;
  QueueBuffer* fifo_[kDepth] = {};
  std::uint8_t number_ = 0, next_ = 0, head_ = 0, queued_ = 0;
};

template <TPosition position, std::int32_t depth, auto mask = 0>
class TQue : public TQueBind<position, position, depth, mask> {};

template <TPosition position = TPosition::LCM>
class TBuf {
 public:
  template <typename T>
  VITRUVIAN_INLINE LocalTensor<T> Get() { return LocalTensor<T>::of_bytes(position, address_, bytes_); }
  template <typename T>
  VITRUVIAN_INLINE LocalTensor<T> Get(std::uint32_t count) { return LocalTensor<T>::of_bytes(position, address_, byte_count<T>(count)); }
  template <typename T>
  VITRUVIAN_INLINE LocalTensor<T> GetWithOffset(std::uint32_t count, std::uint32_t byte_offset) {
    return LocalTensor<T>::of_bytes(position, address_ + byte_offset, byte_count<T>(count));
  }
  VITRUVIAN_INLINE std::uint32_t GetBufLen() const { return bytes_; }

 private:
  friend class TPipe;
  std::uint32_t address_ = 0, bytes_ = 0;
};

// Static allocation without a TPipe: the kernel does its own synchronisation.
template <Hardware hardware = Hardware::UB>
class LocalMemAllocator {
 public:
  template <TPosition position, typename T, std::uint32_t count>
  VITRUVIAN_INLINE LocalTensor<T> Alloc() { return Alloc<position, T>(count); }
  template <TPosition position, typename T>
  VITRUVIAN_INLINE LocalTensor<T> Alloc(std::uint32_t count) {
    LocalTensor<T> tensor(position, used_, count);
    used_ += (byte_count<T>(count) + 31) & ~31u;
    return tensor;
  }
  template <typename T, std::uint32_t count>
  VITRUVIAN_INLINE LocalTensor<T> Alloc() { return Alloc<TPosition::VECCALC, T>(count); }
  VITRUVIAN_INLINE std::uint32_t GetCurAddr() const { return used_; }

 private:
  std::uint32_t used_ = 0;
};

}  // namespace AscendC
