// The AIC of a mix kernel: serves the requests of its vector cores until both are gone.
#pragma once

#include <utility>

#include "lib/matmul/matmul_cube.h"

namespace AscendC {
namespace matmul_library {

// Runs on the AIC. Objects are the types of the registered Matmul objects; a request names one by its position.
template <class... Objects>
class Server {
 public:
  // used_cores: usedCoreNum of the first tiling. A vector core beyond it may have left without a word.
  VITRUVIAN_INLINE explicit Server(std::uint32_t used_cores) : used_cores_(used_cores) {
    const std::uint64_t base = vitruvian::spr::read_constant<vitruvian::spr::SYS_WORKSPACE>();
    clients_ = static_cast<std::uint32_t>(::get_subblockdim());
    for (std::uint32_t i = 0; i < clients_; ++i) {
      client_[i].region = base + (static_cast<std::uint64_t>(::get_coreid()) * kClientsPerServer + i) * kRegion;
      clear(client_[i].region);
    }
  }

  __attribute__((noinline)) void serve() {
    ::dsb(0);
    CrossCoreSetFlag<2, PIPE_MTE2>(kReadyFlag);
    open(std::index_sequence_for<Objects...>{});
    for (;;) {
      bool idle = true;
      for (std::uint32_t i = 0; i < clients_; ++i) idle = !poll(client_[i]) && idle;
      if (!idle) continue;
      answer();
      if (everyone_left()) break;
    }
    close();
  }

 private:
  struct Client {
    std::uint64_t region = 0, next = 1;
    ClientState state = ClientState::unknown;
  };
  static constexpr int kDone = 3;  // FIX_S event

  static VITRUVIAN_INLINE void clear(std::uint64_t region) {
    for (std::uint32_t i = 0; i < kRing; ++i) store_shared<std::uint64_t>(number_of(region, i), 0);
    store_shared<std::uint64_t>(region + kAnswer, 0);
    store_shared<std::uint32_t>(region + kState, 0);
  }
  static VITRUVIAN_INLINE std::uint64_t number_of(std::uint64_t region, std::uint64_t slot) {
    return region + slot * kRequestBytes + __builtin_offsetof(Request, number);
  }

  // Takes the client's next request if it is there.
  VITRUVIAN_INLINE bool poll(Client& client) {
    const std::uint64_t slot = client.next % kRing;
    if (load_shared<std::uint64_t>(number_of(client.region, slot)) != client.next) return false;
    const std::uint64_t from = client.region + slot * kRequestBytes;
    for (std::uint64_t line = 0; line + kLine < sizeof(Request); line += kLine) ::dcci(reinterpret_cast<const void*>(from + line), 0);
    Request request;
    copy_words(reinterpret_cast<std::uint64_t*>(&request), reinterpret_cast<const std::uint64_t*>(from), sizeof(Request) / 8);
    run(request, std::index_sequence_for<Objects...>{});
    SetFlag<HardEvent::FIX_S>(kDone);
    pending_ = client.region + kAnswer;
    pending_number_ = client.next++;
    return true;
  }
  VITRUVIAN_INLINE void answer() {
    if (!pending_) return;
    WaitFlag<HardEvent::FIX_S>(kDone);
    store_shared(pending_, pending_number_);
    pending_ = 0;
  }

  VITRUVIAN_INLINE bool everyone_left() {
    std::uint32_t gone = 0, silent = 0;
    for (std::uint32_t i = 0; i < clients_; ++i) {
      Client& client = client_[i];
      if (client.state != ClientState::gone) client.state = static_cast<ClientState>(load_shared<std::uint32_t>(client.region + kState));
      gone += client.state == ClientState::gone;
      const std::uint32_t index = static_cast<std::uint32_t>(::get_block_idx()) * clients_ + i;  // GetBlockIdx() of the AIV
      silent += client.state == ClientState::unknown && index >= used_cores_;
    }
    return gone + (gone ? silent : 0) == clients_;
  }

  template <std::size_t... index>
  VITRUVIAN_INLINE void run(const Request& request, std::index_sequence<index...>) {
    // Once the pipes have the first chunk of this request, the one before it is waited for and answered.
    ((request.object == index ? cubes_.template get<index>().run(request, [this]() VITRUVIAN_LAMBDA { answer(); }) : void()), ...);
  }
  // All cubes share the buffers and their flags.
  template <std::size_t... index>
  VITRUVIAN_INLINE void open(std::index_sequence<index...>) { First::open(); }
  VITRUVIAN_INLINE void close() { First::close(); }

  template <class First_, class...>
  struct Head {
    using type = First_;
  };
  using First = typename Head<typename Objects::CubeType...>::type;
  template <std::size_t i, class Type>
  struct Leaf {
    Type value;
  };
  template <class Indices, class... Types>
  struct Cubes;
  template <std::size_t... index, class... Types>
  struct Cubes<std::index_sequence<index...>, Types...> : Leaf<index, Types>... {
    template <std::size_t i>
    VITRUVIAN_INLINE auto& get() { return pick<i>(*this); }
    template <std::size_t i, class Type>
    static VITRUVIAN_INLINE Type& pick(Leaf<i, Type>& leaf) { return leaf.value; }
  };

  Cubes<std::index_sequence_for<Objects...>, typename Objects::CubeType...> cubes_;
  Client client_[kClientsPerServer];
  std::uint32_t clients_ = 0, used_cores_;
  std::uint64_t pending_ = 0, pending_number_ = 0;
};

}  // namespace matmul_library
}  // namespace AscendC
