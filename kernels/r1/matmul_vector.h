// The vector side of the products: takes finished tiles of accumulators from global memory, adds parts, scales, rounds, writes y.
//
//   tile ─MTE2 Nz -> rows─> UB in [0|1] 32 rows x 256 ─V: (+ other parts) -> fp32 -> * w_scale[n] -> * a_scale[m] -> bf16─> out [0|1] ─MTE3─> y
//   other parts ─MTE2─────> UB part [0|1] 32 x 256
//
// Whole tiles come through the group's ring of kRing slots; each of the two vector cores takes half of the rows. The parts of split
// tiles are added after a barrier of all vector cores, which share their rows. In the workspace tiles lie in Nz, as the fixpipe writes
// them in the longest requests.
#pragma once

#include "matmul_schedule.h"

namespace matmul {

constexpr uint32_t kRing = 2, kParts = 2;                 // tiles of a core group in the workspace
constexpr uint32_t kTileElements = kBlock * kTileMost;
constexpr uint32_t kVectors = 2;                          // vector cores of a group: KERNEL_TYPE_MIX_AIC_1_2
constexpr uint16_t kReady = 0, kFree = 1, kPartsReady = 2, kAllReady = 3;  // cross-core flags
constexpr uint32_t kPieceRows = 32, kPiece = kPieceRows * kTileMost;
constexpr uint32_t kLanes = 64, kBlockFloats = 8;         // fp32 elements of a repeat, of 32 B
constexpr uint32_t kColumnBlocks = kFractalRows * 4 / 32; // 32 B blocks of a row of a column of fractals

// The tiles of accumulators in the workspace, Nz: first the rings of all groups, then their parts.
template <typename Accumulator>
class Workspace {
 public:
  __aicore__ __force_inline__ explicit Workspace(GM_ADDR workspace) { memory_.SetGlobalBuffer((__gm__ Accumulator*)workspace); }
  __aicore__ __force_inline__ GlobalTensor<Accumulator> ring(uint32_t group, uint32_t slot) const { return at(group * kRing + slot); }
  __aicore__ __force_inline__ GlobalTensor<Accumulator> part(uint32_t group, uint32_t part) const { return at(uint32_t(GetBlockNum()) * kRing + group * kParts + part); }

 private:
  __aicore__ __force_inline__ GlobalTensor<Accumulator> at(uint32_t tile) const { return memory_[uint64_t(tile) * kTileElements]; }
  GlobalTensor<Accumulator> memory_;
};

// Scales of int8 products: of a token and of a channel; the arrays of all batches.
struct Scales {
  GM_ADDR token = nullptr;
  GM_ADDR channel = nullptr;
};

template <typename Accumulator, typename Out>
class Finish {
 public:
  static constexpr bool kScaled = std::is_same_v<Accumulator, int32_t>;

  __aicore__ __force_inline__ Finish(const Problem& problem, const Scales& scales, GM_ADDR y, GM_ADDR workspace) : problem_(problem), workspace_(workspace) {
    y_.SetGlobalBuffer((__gm__ Out*)y);
    token_.SetGlobalBuffer((__gm__ float*)scales.token);
    channel_.SetGlobalBuffer((__gm__ float*)scales.channel);
  }

  __aicore__ __force_inline__ void run(const Plan& plan, Tiles& tiles) {
    for (int id = 0; id < 2; ++id) {
      SetFlag<HardEvent::V_MTE2>(id);
      SetFlag<HardEvent::V_MTE2>(2 + id);
      SetFlag<HardEvent::MTE3_V>(id);
    }
    if (plan.split_tiles() != 0) add_parts(plan, tiles);
    if constexpr (kScaled) empty_ring(plan, tiles);
    for (int id = 0; id < 2; ++id) {
      WaitFlag<HardEvent::V_MTE2>(id);
      WaitFlag<HardEvent::V_MTE2>(2 + id);
      WaitFlag<HardEvent::MTE3_V>(id);
    }
  }

 private:
  // Half of the rows of each finished tile.
  __aicore__ __force_inline__ void empty_ring(const Plan& plan, Tiles& tiles) {
    const uint32_t group = uint32_t(get_block_idx());
    uint32_t slot = 0;
    for (uint32_t i = plan.parts(); i < plan.items(); ++i) {
      const Tile tile = tiles.at(plan.item(i).tile);
      const uint32_t half = (tile.m + 1) / 2, begin = GetSubBlockIdx() == 0 ? 0 : half, end = GetSubBlockIdx() == 0 ? half : tile.m;
      CrossCoreWaitFlag(kReady);
      for (uint32_t row = begin; row < end; row += kPieceRows) {
        const uint32_t rows = least(kPieceRows, end - row);
        load_first(workspace_.ring(group, slot), tile, row, rows);
        store(tile, row, rows);
      }
      // Free once both vector cores have read their halves.
      CrossCoreSetFlag<2, PIPE_MTE2>(kFree);
      slot = slot + 1 == kRing ? 0 : slot + 1;
    }
  }

  // All vector cores share the rows of the split tiles.
  __aicore__ __force_inline__ void add_parts(const Plan& plan, Tiles& tiles) {
    CrossCoreWaitFlag(kPartsReady);
    CrossCoreSetFlag<0, PIPE_MTE3>(kAllReady);
    CrossCoreWaitFlag(kAllReady);
    const uint32_t cores = uint32_t(GetBlockNum()) * kVectors, core = uint32_t(get_block_idx()) * kVectors + uint32_t(GetSubBlockIdx());
    const uint32_t shares = cores / plan.split_tiles();
    for (uint32_t i = core; i < plan.split_tiles() * shares; i += cores) {
      const uint32_t index = i / shares, share = i - index * shares;
      const Tile tile = tiles.at(plan.first_split() + index);
      const uint32_t begin = tile.m * share / shares, end = tile.m * (share + 1) / shares;
      for (uint32_t row = begin; row < end; row += kPieceRows) {
        const uint32_t rows = least(kPieceRows, end - row);
        bool first = true;
        plan.for_each_part(index, [&](uint32_t group, uint32_t part) {
          if (first)
            load_first(workspace_.part(group, part), tile, row, rows);
          else
            add_part(workspace_.part(group, part), tile, row, rows);
          first = false;
        });
        store(tile, row, rows);
      }
    }
  }

  // UB: in[2], part[2], out[2], scales of channels[2], of tokens[2], these spread over a block each[2].
  static constexpr uint32_t kPieceBytes = kPiece * 4, kOutBytes = kPiece * sizeof(Out), kPartAt = 2 * kPieceBytes, kOutAt = 4 * kPieceBytes,
                            kChannelAt = kOutAt + 2 * kOutBytes, kTokenAt = kChannelAt + 2 * kTileMost * 4, kSpreadAt = kTokenAt + 2 * kPieceRows * 4;
  static_assert(kSpreadAt <= 192 * 1024 - 2 * kPieceRows * 32 || !kScaled, "UB holds the pieces and scales");
  __aicore__ __force_inline__ LocalTensor<Accumulator> in() const { return {TPosition::VECIN, buffer_ * kPieceBytes, kPiece}; }
  __aicore__ __force_inline__ LocalTensor<Out> out() const { return {TPosition::VECOUT, kOutAt + buffer_ * kOutBytes, kPiece}; }
  __aicore__ __force_inline__ LocalTensor<float> channel() const { return {TPosition::VECIN, kChannelAt + buffer_ * kTileMost * 4, kTileMost}; }
  __aicore__ __force_inline__ LocalTensor<float> token() const { return {TPosition::VECIN, kTokenAt + buffer_ * kPieceRows * 4, kPieceRows}; }
  __aicore__ __force_inline__ LocalTensor<float> spread() const { return {TPosition::VECCALC, kSpreadAt + buffer_ * kPieceRows * 32, kPieceRows * kBlockFloats}; }

  // Not inline: parts and whole tiles share the code, which the first of them fetches.

  // Elements between rows in UB: whole repeats.
  __aicore__ __force_inline__ static uint32_t pitch(const Tile& tile) { return ceil_div(tile.n, kLanes) * kLanes; }

  // Nz -> rows: each column of fractals of the piece lies together.
  __aicore__ __force_inline__ void load_piece(const LocalTensor<Accumulator>& to, const GlobalTensor<Accumulator>& from, const Tile& tile, uint32_t row, uint32_t rows) const {
    const uint32_t columns = ceil_div(tile.n, kFractalRows), step = round16(tile.m) * kFractalRows;
    const DataCopyParams p(uint16_t(rows), kColumnBlocks, 0, uint16_t(pitch(tile) / kBlockFloats - kColumnBlocks));
    for (uint32_t i = 0; i < columns; ++i) DataCopy(to[i * kFractalRows], from[i * step + row * kFractalRows], p);
  }

  __attribute__((noinline)) void load_first(const GlobalTensor<Accumulator>& from, const Tile& tile, uint32_t row, uint32_t rows) {
    buffer_ ^= 1;
    WaitFlag<HardEvent::V_MTE2>(int(buffer_));
    load_piece(in(), from, tile, row, rows);
    if constexpr (kScaled) {
      DataCopyPad(channel(), channel_[uint64_t(tile.batch) * problem_.n + tile.column], DataCopyExtParams(1, tile.n * 4, 0, 0, 0), DataCopyPadExtParams<float>());
      DataCopyPad(token(), token_[tile.row + row], DataCopyExtParams(1, rows * 4, 0, 0, 0), DataCopyPadExtParams<float>());
    }
    SetFlag<HardEvent::MTE2_V>(int(buffer_));
    WaitFlag<HardEvent::MTE2_V>(int(buffer_));
  }

  __attribute__((noinline)) void add_part(const GlobalTensor<Accumulator>& from, const Tile& tile, uint32_t row, uint32_t rows) {
    const int id = 2 + int(part_);
    const LocalTensor<Accumulator> part(TPosition::VECIN, kPartAt + part_ * kPieceBytes, kPiece);
    part_ ^= 1;
    WaitFlag<HardEvent::V_MTE2>(id);
    load_piece(part, from, tile, row, rows);
    SetFlag<HardEvent::MTE2_V>(id);
    WaitFlag<HardEvent::MTE2_V>(id);
    Add(in(), in(), part, rows * pitch(tile));
    PipeBarrier<PIPE_V>();
    SetFlag<HardEvent::V_MTE2>(id);
  }

  __attribute__((noinline)) void store(const Tile& tile, uint32_t row, uint32_t rows) {
    const LocalTensor<float> real = in().template ReinterpretCast<float>();
    const uint32_t row_pitch = pitch(tile), bytes = tile.n * sizeof(Out);
    if constexpr (kScaled) scale(real, tile.n, row_pitch, rows);
    WaitFlag<HardEvent::MTE3_V>(int(buffer_));
    if constexpr (std::is_same_v<Out, float>)
      Adds(out(), real, 0.0f, rows * row_pitch);
    else
      Cast(out(), real, RoundMode::CAST_RINT, rows * row_pitch);
    SetFlag<HardEvent::V_MTE2>(int(buffer_));
    SetFlag<HardEvent::V_MTE3>(int(buffer_));
    WaitFlag<HardEvent::V_MTE3>(int(buffer_));
    DataCopyPad(y_[tile.batch * problem_.y_batch + (tile.row + row) * problem_.y_pitch + tile.column], out(),
                DataCopyExtParams(rows, bytes, (row_pitch * sizeof(Out) - ceil_div(bytes, 32) * 32) / 32, int64_t((problem_.y_pitch - tile.n) * sizeof(Out)), 0));
    SetFlag<HardEvent::MTE3_V>(int(buffer_));
  }

  __aicore__ __force_inline__ void scale(const LocalTensor<float>& real, uint32_t n, uint32_t row_pitch, uint32_t rows) {
    const uint8_t blocks = uint8_t(row_pitch / kBlockFloats);
    Cast(real, in(), RoundMode::CAST_RINT, rows * row_pitch);
    Brcb(spread(), token(), uint8_t(ceil_div(rows, kBlockFloats)), BrcbRepeatParams(1, kBlockFloats));
    PipeBarrier<PIPE_V>();
    for (uint32_t at = 0; at < n; at += kLanes)
      Mul(real[at], real[at], channel()[at], uint64_t(kLanes), uint8_t(rows), BinaryRepeatParams(1, 1, 1, blocks, blocks, 0));
    PipeBarrier<PIPE_V>();
    for (uint32_t at = 0; at < n; at += kLanes)
      Mul(real[at], real[at], spread(), uint64_t(kLanes), uint8_t(rows), BinaryRepeatParams(1, 1, 0, blocks, blocks, 1));
    ResetMask();
    PipeBarrier<PIPE_V>();
  }

  const Problem& problem_;
  Workspace<Accumulator> workspace_;
  GlobalTensor<Out> y_;
  GlobalTensor<float> token_, channel_;
  uint32_t buffer_ = 0, part_ = 0;
};

}  // namespace matmul
