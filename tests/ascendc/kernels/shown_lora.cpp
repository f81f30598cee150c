// y[b, r] += scale * sum over h of x[b, h] * W[idx[b]][r, h]: one token after the other, in tiles of h, reduced in place.
// Part of its ordering is left to automatic synchronisation, as in public kernels.
#include "kernel_operator.h"

template <typename scalar_t>
class Shrink {
 public:
  using X_T = scalar_t;
  using Y_T = float;
  static constexpr uint32_t kTile = 4096;
  static constexpr int32_t kBuffers = 2;

  __aicore__ inline explicit Shrink(AscendC::TPipe* pipe) : pipe_(pipe) {}
  __aicore__ inline void Init(__gm__ void* x, __gm__ void* weight, __gm__ void* indices, uint32_t indicesSize, __gm__ void* y, uint32_t batchSize,
                              uint32_t numTokensPerCore, uint32_t inputHiddenDim, uint32_t maxLoRARank, float scale) {
    batchSize_ = batchSize, numTokensPerCore_ = numTokensPerCore, hidden_ = inputHiddenDim, rank_ = maxLoRARank, scale_ = scale;
    xGm_.SetGlobalBuffer((__gm__ X_T*)x);
    wGm_.SetGlobalBuffer((__gm__ X_T*)weight);
    yGm_.SetGlobalBuffer((__gm__ Y_T*)y);
    idxGm_.SetGlobalBuffer((__gm__ int64_t*)indices, indicesSize);
    pipe_->InitBuffer(inQueueX_, 1, kTile * sizeof(X_T));
    pipe_->InitBuffer(inQueueW_, kBuffers, kTile * sizeof(X_T));
    pipe_->InitBuffer(tmpX_, kTile * sizeof(float));
    pipe_->InitBuffer(tmpW_, kTile * sizeof(float));
    pipe_->InitBuffer(outQueue_, 1, rank_ * sizeof(Y_T));
    pipe_->InitBuffer(outBuffer_, rank_ * sizeof(float));
  }
  __aicore__ inline void Process() {
    const int64_t blockIdx = AscendC::GetBlockIdx(), start = blockIdx * numTokensPerCore_;
    const int64_t end = start + numTokensPerCore_ < batchSize_ ? start + numTokensPerCore_ : batchSize_;
    for (int64_t token = start; token < end; token++) {
      const int64_t lora = idxGm_.GetValue(token);
      if (lora < 0) continue;
      OneToken(token, lora);
    }
  }

 private:
  __aicore__ inline void OneToken(int64_t token, int64_t lora) {
    AscendC::LocalTensor<float> sums = outBuffer_.Get<float>();
    AscendC::Duplicate(sums, 0.0f, rank_);
    const uint32_t tiles = (hidden_ + kTile - 1) / kTile;
    for (uint32_t i = 0; i < tiles; i++) {
      const uint32_t count = i + 1 == tiles ? hidden_ - i * kTile : kTile;
      CopyTile(inQueueX_, xGm_[token * hidden_ + i * kTile], count);
      auto x = inQueueX_.template DeQue<X_T>();
      AscendC::LocalTensor<float> wide = tmpX_.Get<float>();
      AscendC::Cast(wide, x, AscendC::RoundMode::CAST_NONE, count);
      inQueueX_.FreeTensor(x);
      for (uint32_t r = 0; r < rank_; r++) {
        CopyTile(inQueueW_, wGm_[(lora * rank_ + r) * hidden_ + i * kTile], count);
        auto w = inQueueW_.template DeQue<X_T>();
        AscendC::LocalTensor<float> product = tmpW_.Get<float>();
        AscendC::Cast(product, w, AscendC::RoundMode::CAST_NONE, count);
        AscendC::PipeBarrier<PIPE_V>();
        inQueueW_.FreeTensor(w);
        AscendC::Mul(product, wide, product, count);
        AscendC::PipeBarrier<PIPE_V>();
        AscendC::ReduceSum<float>(product, product, product, count);
        sums.SetValue(r, sums.GetValue(r) + product.GetValue(0));
      }
    }
    auto out = outQueue_.AllocTensor<Y_T>();
    AscendC::Muls(out, sums, scale_, rank_);
    outQueue_.EnQue(out);
    out = outQueue_.DeQue<Y_T>();
    AscendC::SetAtomicAdd<Y_T>();
    AscendC::DataCopy(yGm_[token * rank_], out, rank_);
    AscendC::SetAtomicNone();
    outQueue_.FreeTensor(out);
  }
  template <typename Queue>
  __aicore__ inline void CopyTile(Queue& queue, const AscendC::GlobalTensor<X_T>& from, uint32_t count) {
    auto tile = queue.template AllocTensor<X_T>();
    if (count == kTile) {
      AscendC::DataCopy(tile, from, count);
    } else {
      AscendC::DataCopyPad(tile, from, {1, static_cast<uint32_t>(count * sizeof(X_T)), 0, 0, 0}, {false, 0, 0, 0});
    }
    queue.EnQue(tile);
  }

  AscendC::TPipe* pipe_;
  AscendC::TQue<AscendC::QuePosition::VECIN, 1> inQueueX_;
  AscendC::TQue<AscendC::QuePosition::VECIN, kBuffers> inQueueW_;
  AscendC::TQue<AscendC::QuePosition::VECOUT, 1> outQueue_;
  AscendC::TBuf<AscendC::QuePosition::VECCALC> tmpX_, tmpW_, outBuffer_;
  AscendC::GlobalTensor<X_T> xGm_, wGm_;
  AscendC::GlobalTensor<Y_T> yGm_;
  AscendC::GlobalTensor<int64_t> idxGm_;
  uint32_t batchSize_, numTokensPerCore_, hidden_, rank_;
  float scale_;
};

extern "C" __global__ __aicore__ void shrink_half(__gm__ void* x, __gm__ void* weight, __gm__ void* indices, uint32_t indicesSize, __gm__ void* y, uint32_t batchSize,
                                                  uint32_t numTokensPerCore, uint32_t inputHiddenDim, uint32_t maxLoRARank, float scale) {
  AscendC::TPipe pipe;
  Shrink<half> op(&pipe);
  op.Init(x, weight, indices, indicesSize, y, batchSize, numTokensPerCore, inputHiddenDim, maxLoRARank, scale);
  op.Process();
}
