// Matmul<>: C = A x B + bias of one core, tile by tile.
//
//   mix kernel      AIV: this object sends orders (matmul_session.h)       AIC: serves them (matmul_server.h)
//   ASCENDC_CUBE_ONLY   the object computes on its own AIC
//
// With C in UB, Iterate() asks for the tiles after the one it delivers, so that the cube computes while the vector core works.
// A tile in UB has rows of baseN elements, also at the edge. Approximation: one schedule for all MatmulConfigs.
#pragma once

#include "lib/matmul/matmul_server.h"
#include "lib/matmul/matmul_session.h"

namespace AscendC {

namespace matmul_library {
#ifdef ASCENDC_CUBE_ONLY
inline constexpr bool kDirect = true;
#else
inline constexpr bool kDirect = false;
#endif
// Does this pass do anything in the methods of the object?
inline constexpr bool kActive = kDirect ? g_coreType == AIC : g_coreType == AIV;
inline constexpr std::int32_t kKeep = -1;
// The object whose operands L1 holds.
inline const void* g_cube_user = nullptr;
}  // namespace matmul_library

template <auto, auto, auto>
struct MatmulCallBackFunc {};

template <class A, class B, class C, class Bias, const auto& config>
class MatmulImpl {
 public:
  using CubeType = matmul_library::Cube<A, B, C, Bias>;
  using TA = typename A::T;
  using TB = typename B::T;
  using TC = typename C::T;
  using TBias = typename Bias::T;

  VITRUVIAN_INLINE MatmulImpl() {
    if constexpr (kInUse && !matmul_library::kDirect) matmul_library::g_session.add_object();
  }
  VITRUVIAN_INLINE ~MatmulImpl() {
    if constexpr (kInUse && !matmul_library::kDirect) matmul_library::g_session.drop_object();
    if constexpr (kInUse && matmul_library::kDirect) End();
  }
  MatmulImpl(const MatmulImpl&) = delete;
  MatmulImpl& operator=(const MatmulImpl&) = delete;

  // --- shape
  VITRUVIAN_INLINE void Init(const TCubeTiling* tiling, TPipe* = nullptr) {
    if constexpr (!kInUse) return;
    if (!tiling) return;
    product_.base_m = tiling->baseM, product_.base_n = tiling->baseN, product_.base_k = tiling->baseK;
    product_.n_first = tiling->iterateOrder == 1;
    product_.single_m = tiling->singleCoreM, product_.single_n = tiling->singleCoreN, product_.single_k = tiling->singleCoreK;
    SetOrgShape(tiling->M, tiling->N, tiling->Ka, tiling->Kb);
    if constexpr (matmul_library::kDirect)
      if (!open_) CubeType::open(), open_ = true;
  }
  VITRUVIAN_INLINE void SetObject(std::uint32_t number) { product_.object = number; }
  VITRUVIAN_INLINE void SetOrgShape(std::int32_t m, std::int32_t n, std::int32_t k) { SetOrgShape(m, n, k, k); }
  VITRUVIAN_INLINE void SetOrgShape(std::int32_t m, std::int32_t n, std::int32_t ka, std::int32_t kb, std::int32_t kc = 0) {
    org_m_ = m, org_n_ = n, org_ka_ = ka, org_kb_ = kb, org_c_ = kc ? kc : n, changed_ = true;
  }
  VITRUVIAN_INLINE void SetSingleShape(std::int32_t m, std::int32_t n, std::int32_t k) { SetTail(m, n, k); }
  VITRUVIAN_INLINE void SetTail(std::int32_t m = matmul_library::kKeep, std::int32_t n = matmul_library::kKeep, std::int32_t k = matmul_library::kKeep) {
    if (m != matmul_library::kKeep) product_.single_m = m;
    if (n != matmul_library::kKeep) product_.single_n = n;
    if (k != matmul_library::kKeep) product_.single_k = k;
    change();
  }

  // --- operands
  VITRUVIAN_INLINE void SetTensorA(const GlobalTensor<TA>& tensor, bool transposed = false) {
    product_.a = tensor.address(), product_.transposed_a = transposed, a_is_local_ = false;
    change();
  }
  VITRUVIAN_INLINE void SetTensorB(const GlobalTensor<TB>& tensor, bool transposed = false) {
    product_.b = tensor.address(), product_.transposed_b = transposed, b_is_local_ = false;
    change();
  }
  VITRUVIAN_INLINE void SetTensorA(const LocalTensor<TA>& tensor, bool transposed = false) {
    product_.a = to_memory(tensor, matmul_library::kA), product_.transposed_a = transposed, a_is_local_ = true;
    change();
  }
  VITRUVIAN_INLINE void SetTensorB(const LocalTensor<TB>& tensor, bool transposed = false) {
    product_.b = to_memory(tensor, matmul_library::kB), product_.transposed_b = transposed, b_is_local_ = true;
    change();
  }
  VITRUVIAN_INLINE void SetBias(const GlobalTensor<TBias>& tensor) { product_.bias = tensor.address(), product_.has_bias = 1, changed_ = true; }
  VITRUVIAN_INLINE void SetBias(const LocalTensor<TBias>& tensor) {
    product_.bias = to_memory(tensor, matmul_library::kBias), product_.has_bias = 1, changed_ = true;
  }
  VITRUVIAN_INLINE void DisableBias() { product_.has_bias = 0, changed_ = true; }
  VITRUVIAN_INLINE void ClearBias() { DisableBias(); }
  VITRUVIAN_INLINE void SetQuantScalar(std::uint64_t scalar) { product_.quant_scalar = scalar, product_.quantised = 1, changed_ = true; }
  VITRUVIAN_INLINE void SetQuantVector(const GlobalTensor<std::uint64_t>& tensor) { product_.quant_vector = tensor.address(), product_.quantised = 2, changed_ = true; }
  VITRUVIAN_INLINE void SetHF32(bool enable = false, std::int32_t = 0) { product_.hf32 = enable, changed_ = true; }
  // Buffers that the caller lends: this library has its own.
  VITRUVIAN_INLINE void SetLocalWorkspace(const LocalTensor<std::uint8_t>&) {}
  template <typename T>
  VITRUVIAN_INLINE void SetWorkspace(T*, int = 0) {}
  template <typename T>
  VITRUVIAN_INLINE void SetWorkspace(const GlobalTensor<T>&) {}
  VITRUVIAN_INLINE void SetSubBlockIdx(std::uint8_t) {}
  VITRUVIAN_INLINE void SetUserDefInfo(std::uint64_t) {}

  // --- tile by tile
  // The next tile; false after the last one. Iterate<false>() starts all tiles of an asynchronous product.
  template <bool sync = true>
  VITRUVIAN_INLINE bool Iterate(bool enPartialSum = false) {
    if constexpr (!kInUse) return false;
    if (enPartialSum) vitruvian_stop();  // not offered: C of the tile before is no longer in L0C
    if constexpr (!sync) {
      restart();
      if constexpr (kTilesInUb) request_tiles(0);
      return true;
    }
    if (++tile_ >= tiles()) {
      restart();
      return false;
    }
    if constexpr (kTilesInUb) request_tiles(tile_);
    return true;
  }
  template <bool sync = true>
  VITRUVIAN_INLINE void GetTensorC(const LocalTensor<TC>& tile, std::uint8_t = 0, bool = false) {
    if constexpr (!kInUse) return;
    if constexpr (!sync) ++tile_, request_tiles(tile_);
    const std::uint32_t place = tile_place_[static_cast<std::uint32_t>(tile_) % matmul_library::kPlaces];
    matmul_library::g_session.wait_for(tile_number_[static_cast<std::uint32_t>(tile_) % matmul_library::kPlaces]);
    const std::int32_t rows = C::format == CubeFormat::NZ ? product_.base_m : rows_of(tile_);
    to_ub(tile, matmul_library::kC + place * matmul_library::kTileBytes, static_cast<std::uint32_t>(rows * product_.base_n));
  }
  template <bool sync = true>
  VITRUVIAN_INLINE void GetTensorC(const GlobalTensor<TC>& c, std::uint8_t enAtomic = 0, bool enSequentialWrite = false) {
    if constexpr (!kInUse) return;
    if constexpr (!sync) ++tile_;
    run(c.address(), tile_, 1, enAtomic, enSequentialWrite);
    // On its own cube core nobody reads C before End(): the tiles may overlap.
    if constexpr (sync && !matmul_library::kDirect) wait();
  }
  // The tile to both.
  template <bool sync = true>
  VITRUVIAN_INLINE void GetTensorC(const GlobalTensor<TC>& c, const LocalTensor<TC>& tile, std::uint8_t enAtomic = 0, bool enSequentialWrite = false) {
    GetTensorC<sync>(tile);
    run(c.address(), tile_, 1, enAtomic, enSequentialWrite);
    wait();
  }
  VITRUVIAN_INLINE void WaitGetTensorC() { wait(); }

  // --- all tiles
  template <bool sync = true>
  VITRUVIAN_INLINE void IterateAll(const GlobalTensor<TC>& c, std::uint8_t enAtomic = 0, bool enSequentialWrite = false, bool = false, bool = false) {
    if constexpr (!kInUse) return;
    if (enSequentialWrite && tiles() > 1) {
      for (std::int32_t i = 0; i < tiles(); ++i)
        run(c.address() + static_cast<std::uint64_t>(i) * static_cast<std::uint64_t>(product_.base_m * product_.base_n) * sizeof(TC), i, 1, enAtomic, true);
    } else {
      run(c.address(), 0, tiles(), enAtomic, enSequentialWrite);
    }
    if constexpr (sync) wait();
  }
  template <bool sync = true>
  VITRUVIAN_INLINE void IterateAll(const LocalTensor<TC>& c, std::uint8_t = 0) {
    if constexpr (!kInUse) return;
    settle_reads();
    const std::int32_t org = org_c_, org_m = org_m_;
    org_c_ = product_.single_n, org_m_ = product_.single_m, changed_ = true;
    run(matmul_library::g_session.region() + matmul_library::kC, 0, tiles(), 0, false);
    org_c_ = org, org_m_ = org_m, changed_ = true;
    wait();
    const std::int32_t rows = C::format == CubeFormat::NZ ? (product_.single_m + 15) / 16 * 16 : product_.single_m;
    to_ub(c, matmul_library::kC, static_cast<std::uint32_t>(rows * product_.single_n));
  }
  VITRUVIAN_INLINE void WaitIterateAll() { wait(); }

  // Ends the use of the object, or of one round of it: it may be used again.
  VITRUVIAN_INLINE void End() {
    if constexpr (!kInUse) return;
    wait();
    if constexpr (matmul_library::kDirect) {
      if (open_) CubeType::close();
      open_ = false;
    }
  }

 private:
  using Product = matmul_library::Product;
  static constexpr bool kInUse = matmul_library::kActive;
  static constexpr bool kTilesInUb = hardware_of(C::pos) == Hardware::UB && !matmul_library::kDirect;

  VITRUVIAN_INLINE void restart() { tile_ = -1, requested_ = 0; }
  VITRUVIAN_INLINE void change() { changed_ = true, restart(); }
  VITRUVIAN_INLINE std::int32_t tile_rows() const { return (product_.single_m + product_.base_m - 1) / product_.base_m; }
  VITRUVIAN_INLINE std::int32_t tile_columns() const { return (product_.single_n + product_.base_n - 1) / product_.base_n; }
  VITRUVIAN_INLINE std::int32_t tiles() const { return tile_rows() * tile_columns(); }
  VITRUVIAN_INLINE std::int32_t rows_of(std::int32_t tile) const {
    const std::int32_t row = product_.n_first ? tile / tile_columns() : tile % tile_rows(), left = product_.single_m - row * product_.base_m;
    return left < product_.base_m ? left : product_.base_m;
  }

  // Elements of a stored row, or rows of an Nz column.
  static VITRUVIAN_INLINE std::int32_t pitch(CubeFormat format, std::int32_t rows, std::int32_t columns) {
    return format == CubeFormat::NZ ? (rows + 15) / 16 * 16 : columns;
  }
  VITRUVIAN_INLINE void set_pitches() {
    const std::int32_t m = a_is_local_ ? product_.single_m : org_m_, ka = a_is_local_ ? product_.single_k : org_ka_;
    const std::int32_t n = b_is_local_ ? product_.single_n : org_n_, kb = b_is_local_ ? product_.single_k : org_kb_;
    product_.pitch_a = product_.transposed_a ? pitch(A::format, ka, m) : pitch(A::format, m, ka);
    product_.pitch_b = product_.transposed_b ? pitch(B::format, n, kb) : pitch(B::format, kb, n);
    product_.pitch_c = pitch(C::format, org_m_, org_c_);
  }

  // Has tiles [first, first + count) computed and stored at c.
  VITRUVIAN_INLINE std::uint64_t run(std::uint64_t c, std::int32_t first, std::int32_t count, std::uint8_t atomic, bool sequential) {
    auto& session = matmul_library::g_session;
    if (product_.single_m <= 0 || product_.single_n <= 0 || product_.single_k <= 0) return session.last();
    matmul_library::Order order{};
    order.c = c, order.first = first, order.count = count, order.atomic = atomic, order.sequential = sequential;
    if (changed_) set_pitches();
    if constexpr (matmul_library::kDirect) {
      if (!open_) CubeType::open(), open_ = true;
      if (matmul_library::g_cube_user != this) cube_.forget(), matmul_library::g_cube_user = this;
      if (changed_ || first == 0) ++round_;
      changed_ = false;
      cube_.run(product_, order, round_, []() VITRUVIAN_LAMBDA {});
      return 0;
    }
    if (changed_) product_number_ = session.publish(product_);
    changed_ = false;
    order.product = product_number_;
    return session.send(order);
  }
  VITRUVIAN_INLINE void wait() {
    if constexpr (!kInUse) return;
    if constexpr (matmul_library::kDirect) {
      SetFlag<HardEvent::FIX_S>(EVENT_ID0);
      WaitFlag<HardEvent::FIX_S>(EVENT_ID0);
    } else {
      matmul_library::g_session.wait_for(matmul_library::g_session.last());
    }
  }

  // Asks for a tile and the ones after it, as far as there are places, if nobody has.
  VITRUVIAN_INLINE void request_tiles(std::int32_t tile) {
    std::int32_t end = tile + static_cast<std::int32_t>(matmul_library::kPlaces);
    if (end > tiles()) end = tiles();
    for (std::int32_t i = tile; i < end; ++i) request_tile(i);
  }
  VITRUVIAN_INLINE void request_tile(std::int32_t tile) {
    if (tile < requested_) return;
    requested_ = tile + 1;
    settle_reads();
    auto& session = matmul_library::g_session;
    const std::uint32_t place = session.next_place, at = static_cast<std::uint32_t>(tile) % matmul_library::kPlaces;
    session.next_place = (place + 1) % matmul_library::kPlaces;
    tile_place_[at] = static_cast<std::uint8_t>(place);
    tile_number_[at] = run(session.region() + matmul_library::kC + place * matmul_library::kTileBytes, tile, 1, 0, true);
  }
  // The transfers out of the region are through, so that it may be written again.
  static VITRUVIAN_INLINE void settle_reads() {
    auto& session = matmul_library::g_session;
    if (!session.reading) return;
    session.reading = false;
    const TEventID id = g_tPipe->FetchEventID<HardEvent::MTE2_S>();
    SetFlag<HardEvent::MTE2_S>(id);
    WaitFlag<HardEvent::MTE2_S>(id);
  }
  static VITRUVIAN_INLINE void to_ub(const LocalTensor<TC>& to, std::uint64_t offset, std::uint32_t count) {
    order<HardEvent::V_MTE2>();
    GlobalTensor<TC> from;
    from.SetGlobalBuffer(reinterpret_cast<TC*>(matmul_library::g_session.region() + offset));
    DataCopy(to, from, count);
    matmul_library::g_session.reading = true;
    order<HardEvent::MTE2_V>();
  }
  template <HardEvent event>
  static VITRUVIAN_INLINE void order() {
    const TEventID id = g_tPipe->FetchEventID<event>();
    SetFlag<event>(id);
    WaitFlag<event>(id);
  }
  // An operand in UB goes to the region of this core; the AIC must be through with the one before.
  template <typename T>
  static VITRUVIAN_INLINE std::uint64_t to_memory(const LocalTensor<T>& tensor, std::uint64_t offset) {
    if constexpr (!kInUse || matmul_library::kDirect) return 0;
    auto& session = matmul_library::g_session;
    session.wait_for(session.last());
    order<HardEvent::V_MTE3>();
    order<HardEvent::MTE2_MTE3>();
    GlobalTensor<T> to;
    to.SetGlobalBuffer(reinterpret_cast<T*>(session.region() + offset));
    DataCopy(to, tensor, tensor.GetSize());
    order<HardEvent::MTE3_S>();
    return session.region() + offset;
  }

  Product product_{};
  std::uint64_t product_number_ = 0, round_ = 0;
  bool changed_ = true;  // since it was published
  std::int32_t org_m_ = 0, org_n_ = 0, org_ka_ = 0, org_kb_ = 0, org_c_ = 0;
  bool a_is_local_ = false, b_is_local_ = false, open_ = false;
  std::int32_t tile_ = -1, requested_ = 0;
  std::uint8_t tile_place_[matmul_library::kPlaces] = {};
  std::uint64_t tile_number_[matmul_library::kPlaces] = {};
  struct Nothing {};
  [[no_unique_address]] std::conditional_t<matmul_library::kDirect, CubeType, Nothing> cube_;
};

template <class A, class B, class C, class Bias = C, const auto& config = CFG_NORM, class CallBack = MatmulCallBackFunc<nullptr, nullptr, nullptr>, class... Policies>
using Matmul = MatmulImpl<A, B, C, Bias, config>;

namespace matmul_library {

template <class... Found>
struct Registration {
  // Objects and their tilings in turn; the first tiling's usedCoreNum goes to the server.
  template <class Object, class Tiling, class... Rest>
  static VITRUVIAN_INLINE void add(std::uint32_t used_cores, Object& object, Tiling&& tiling, Rest&&... rest) {
    const TCubeTiling* pointer = as_pointer(tiling);
    if (sizeof...(Found) == 0 && pointer) used_cores = static_cast<std::uint32_t>(pointer->usedCoreNum);
    object.SetObject(sizeof...(Found));
    object.Init(pointer);
    Registration<Found..., Object>::add(used_cores, rest...);
  }
  // An object without a tiling: Init() comes later.
  template <class Object>
  static VITRUVIAN_INLINE void add(std::uint32_t used_cores, Object& object) {
    object.SetObject(sizeof...(Found));
    Registration<Found..., Object>::add(used_cores);
  }
  static VITRUVIAN_INLINE void add(std::uint32_t used_cores) {
    if constexpr (kDirect) return;
    if constexpr (g_coreType == AIC) {
      Server<Found...> server(used_cores);
      server.serve();
    } else {
      g_session.connect();
    }
  }
  template <class Tiling>
  static VITRUVIAN_INLINE const TCubeTiling* as_pointer(Tiling&& tiling) {
    if constexpr (std::is_pointer_v<std::remove_reference_t<Tiling>>)
      return reinterpret_cast<const TCubeTiling*>(tiling);
    else
      return nullptr;
  }
};

// True where the kernel's body ends: on the AIC of a mix kernel, after its service.
template <class... Arguments>
VITRUVIAN_INLINE bool regist(TPipe*, const void*, Arguments&&... arguments) {
  // A mix kernel, unless it states its type: the vector pass may hold no vector operation at all.
  if constexpr (!kDirect)
    asm volatile("0: .pushsection .vitruvian.task_type,\"e\",@progbits\n .dword 0b, %0\n .popsection" ::"i"(0x100 | KERNEL_TYPE_MIX_AIC_1_2));
  Registration<>::add(~0u, arguments...);
  return !kDirect && g_coreType == AIC;
}

}  // namespace matmul_library
}  // namespace AscendC
