// A token of the latent cache from kv (bf16 [tokens, 576]): RMSNorm of the first 512 columns with gamma, rotation of the last 64 by row
// position[t] of the tables cos, sin (fp32 [positions, 32]), then to row slot[t] % 128 of page slot[t] / 128 of the cache, packed
// in NZ: bf16 [pages, 36, 128, 16]. A negative slot writes nothing.
// Arguments: kv gamma cos sin position slot cache tokens epsilon. Block dimension: vector cores.
//
// A tile is up to 8 tokens; the next one loads while this one computes:
//   S: positions, slots    MTE2: latents, keys, cos, sin -> in [0 | 1]
//   V: W = latent fp32; sum of W^2; W * gamma / root -> out;  key rotated (rotation.h)
//   MTE3: out, 36 blocks of 32 B a token, 4 KiB apart -> cache
//   UB: | gamma | W 16 KiB | S 16 KiB | keys 5 KiB | angles 2 x 2 KiB | in 2 x 11 KiB | out 9 KiB |
// Operations: 4 an element of the latent, 3 of the key. Bytes: 2304 + 256 a token.
#include "rotation.h"

namespace {

using namespace rotation;

constexpr uint32_t kLatent = 512, kToken = kLatent + kColumns, kBlock = 16, kPageRows = 128, kPageElements = kToken * kPageRows;

class KvCacheWrite {
 public:
  __aicore__ __force_inline__ KvCacheWrite(GM_ADDR kv, GM_ADDR gamma, GM_ADDR cos, GM_ADDR sin, GM_ADDR position, GM_ADDR slot, GM_ADDR cache, uint32_t tokens,
                                           float epsilon)
      : share_(tokens, kMostRows), epsilon_(epsilon) {
    kv_.SetGlobalBuffer((__gm__ bfloat16_t*)kv);
    gamma_.SetGlobalBuffer((__gm__ bfloat16_t*)gamma);
    cos_.SetGlobalBuffer((__gm__ float*)cos);
    sin_.SetGlobalBuffer((__gm__ float*)sin);
    position_.SetGlobalBuffer((__gm__ int32_t*)position);
    slot_.SetGlobalBuffer((__gm__ int32_t*)slot);
    cache_.SetGlobalBuffer((__gm__ bfloat16_t*)cache);
  }

  __aicore__ __force_inline__ void run() {
    if (share_.count() == 0) return;
    place();
    pipeline(share_.count(), inlet_, [this](uint32_t i, uint32_t b) { load(i, b); }, [this](uint32_t i, uint32_t b, auto next) { compute(i, b, next); });
    out_.close(), out_key_.close();
  }

 private:
  __aicore__ __force_inline__ void place() {
    const uint32_t h = share_.height;
    Space space;
    weight_ = space.place_across<float>(kLatent), s_ = space.place_across<float>(h * kLatent);
    norm_.place(space);
    spare_ = space.place_small<float>(kMostRows), ones_ = space.place_small<float>(kMostRows);
    Duplicate(ones_, 1.0f, int32_t(kMostRows));
    w_ = space.place<float>(h * kLatent), part_ = space.place<float>(h * kLatent / 8);
    scratch_.place(space, h);
    for (uint32_t b = 0; b < 2; ++b) angles_[b] = space.place<float>(2 * h * kAngles);
    out_.place(space, h * kLatent, 0), out_key_.place(space, h * kColumns, 1);
    inlet_.place(space, h * kToken, 2);
    inlet_.open(0);
    DataCopy(inlet_.buffer[0], gamma_, kLatent);
    inlet_.filled(0), inlet_.wait(0);
    Cast(weight_, inlet_.buffer[0], RoundMode::CAST_NONE, kLatent);
    barrier();
    inlet_.free(0);
  }

  __aicore__ __force_inline__ void load(uint32_t i, uint32_t b) const {
    const Slice t = share_.slice(i);
    inlet_.open(b);
    load_rows(inlet_.buffer[b], kv_[uint64_t(t.first) * kToken], t.rows, kLatent - kDropped, kLatent, kToken);
    load_rows(inlet_.buffer[b][share_.height * kLatent], kv_[uint64_t(t.first) * kToken + kLatent], t.rows, kColumns, kColumns, kToken);
    for (uint32_t r = 0; r < t.rows; ++r) {
      const uint64_t angles = uint64_t(uint32_t(position_.GetValue(t.first + r))) * kAngles;
      DataCopy(angles_[b][r * kAngles], cos_[angles], kAngles);
      DataCopy(angles_[b][(share_.height + r) * kAngles], sin_[angles], kAngles);
    }
    inlet_.filled(b);
  }

  template <typename Next>
  __aicore__ __force_inline__ void compute(uint32_t i, uint32_t b, Next next) const {
    const Slice t = share_.slice(i);
    const uint32_t n = t.rows * kLatent;
    Cast(w_, inlet_.buffer[b], RoundMode::CAST_NONE, n);
    scratch_.load(inlet_.buffer[b][share_.height * kLatent], t.rows);
    Mul(s_, w_, w_, int32_t(n));
    scratch_.rotate(t.rows, [&](const LocalTensor<float>& to, const LocalTensor<float>& from, bool sine) {
      Mul(to, from, angles_[b][sine ? share_.height * kAngles : 0], int32_t(t.rows * kAngles));
    });
    next();
    by_blocks<Total>(part_, s_, n);
    for (uint32_t r = 0; r < t.rows; ++r) Mul(w_[r * kLatent], w_[r * kLatent], weight_, int32_t(kLatent));
    scratch_.round(t.rows);
    RowReduction<Total> sum(part_, norm_.value, spare_, t.rows, kLatent);
    out_key_.open();
    scratch_.store(out_key_.buffer, t.rows);
    out_key_.send([&]() { store(t, out_key_.buffer, kLatent, kColumns); });
    sum.all();
    root();
    norm_.scale(w_, w_, t.rows, kLatent), barrier();
    out_.open();
    Cast(out_.buffer, w_, RoundMode::CAST_RINT, n);
    out_.send([&]() { store(t, out_.buffer, 0, kLatent); });
    barrier();
  }

  // norm_.value: sum of squares -> 1 / sqrt(mean + epsilon), in blocks.
  __aicore__ __force_inline__ void root() const {
    const LocalTensor<float>& f = norm_.value;
    const int32_t n = int32_t(kMostRows);
    Muls(f, f, 1.0f / float(kLatent), n), barrier();
    Adds(f, f, epsilon_, n), barrier();
    Sqrt(f, f, n), barrier();
    Div(f, ones_, f, n), barrier();
    norm_.spread(), barrier();
  }

  // n columns of each token, from column `first` of the cache on.
  __aicore__ __force_inline__ void store(const Slice& t, const LocalTensor<bfloat16_t>& from, uint32_t first, uint32_t n) const {
    for (uint32_t r = 0; r < t.rows; ++r) {
      const int32_t slot = slot_.GetValue(t.first + r);
      if (slot < 0) continue;
      const uint32_t page = uint32_t(slot) / kPageRows, row = uint32_t(slot) % kPageRows;
      DataCopy(cache_[uint64_t(page) * kPageElements + first * kPageRows + row * kBlock], from[r * n], DataCopyParams(uint16_t(n / kBlock), 1, 0, kPageRows - 1));
    }
  }

  GlobalTensor<bfloat16_t> kv_, gamma_, cache_;
  GlobalTensor<float> cos_, sin_;
  GlobalTensor<int32_t> position_, slot_;
  Share share_;
  float epsilon_;
  Inlet inlet_;
  Outlet<bfloat16_t> out_, out_key_;
  Scratch scratch_;
  Factors norm_;
  LocalTensor<float> weight_, w_, s_, part_, spare_, ones_, angles_[2];
};

}  // namespace

extern "C" __global__ __aicore__ void kv_cache_write(GM_ADDR kv, GM_ADDR gamma, GM_ADDR cos, GM_ADDR sin, GM_ADDR position, GM_ADDR slot, GM_ADDR cache,
                                                     uint32_t tokens, float epsilon) {
  if ASCEND_IS_AIV {
    KvCacheWrite kernel(kv, gamma, cos, sin, position, slot, cache, tokens, epsilon);
    kernel.run();
  }
}
