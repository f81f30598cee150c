// The AIC of a mix kernel: serves the orders of its vector cores until both are gone.
#pragma once

#include <utility>

#include "lib/matmul/matmul_cube.h"

namespace AscendC {
namespace matmul_library {

// Runs on the AIC. Objects are the types of the registered Matmul objects; a product names one by its position.
template <class... Objects>
class Server {
 public:
  // used_cores: usedCoreNum of the first tiling. A vector core beyond it may have left without a word.
  VITRUVIAN_INLINE explicit Server(std::uint32_t used_cores) : used_cores_(used_cores) {
    const std::uint64_t base = vitruvian::spr::read_constant<vitruvian::spr::SYS_WORKSPACE>();
    clients_ = static_cast<std::uint32_t>(::get_subblockdim());
    for (std::uint32_t i = 0; i < clients_; ++i) {
      client_[i].region = base + (static_cast<std::uint64_t>(::get_coreid()) * kClientsPerServer + i) * kRegion;
      client_[i].next = start(client_[i].region) + 1;
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
      if (answer_one()) continue;
      if (everyone_left()) break;
    }
    close();
  }

 private:
  struct Client {
    std::uint64_t region = 0, next = 1, product_number = 0, round = 0;
    Product product{};
    bool gone = false;
  };
  // Orders issued and not answered: FIX_S events from kDone on.
  static constexpr int kDone = 3;
  static constexpr std::uint32_t kPending = 2;
  struct Pending {
    std::uint64_t answer = 0, number = 0;
  };

  // A new base for the numbers of a client, which counts as its last answer.
  static VITRUVIAN_INLINE std::uint64_t start(std::uint64_t region) {
    const std::uint64_t base = load_shared<std::uint64_t>(region + kBase) / kBaseStep * kBaseStep + kBaseStep;
    *reinterpret_cast<volatile std::uint64_t*>(region + kBase) = base;
    store_shared<std::uint64_t>(region + kAnswer, base);
    return base;
  }
  static VITRUVIAN_INLINE std::uint64_t number_of(std::uint64_t region, std::uint64_t slot) {
    return region + slot * kLine + __builtin_offsetof(Order, number);
  }

  // Takes the client's next order if it is there.
  VITRUVIAN_INLINE bool poll(Client& client) {
    if (client.gone) return false;
    const std::uint64_t slot = client.next % kRing;
    if (load_shared<std::uint64_t>(number_of(client.region, slot)) != client.next) return false;
    Order order;  // the rest of the line that the number lies in
    copy_words(reinterpret_cast<std::uint64_t*>(&order), reinterpret_cast<const std::uint64_t*>(client.region + slot * kLine), sizeof(Order) / 8);
    if (order.count == 0) {
      client.gone = true;
      return true;
    }
    if (order.product != client.product_number) fetch_product(client, order.product);
    // A loop over tiles starts with tile 0: from there on memory may have changed.
    if (order.first == 0) client.round = ++rounds_;
    run(client.product, order, client.round, std::index_sequence_for<Objects...>{});
    const std::uint32_t last = (first_pending_ + pending_count_) % kPending;
    SetFlag<HardEvent::FIX_S>(kDone + static_cast<int>(last));
    pending_[last] = {client.region + kAnswer, client.next++};
    ++pending_count_;
    return true;
  }
  VITRUVIAN_INLINE void fetch_product(Client& client, std::uint64_t number) {
    const std::uint64_t from = client.region + kProductRing + number % kProducts * kProductBytes;
    for (std::uint64_t line = 0; line < sizeof(Product); line += kLine) ::dcci(reinterpret_cast<const void*>(from + line), 0);
    copy_words(reinterpret_cast<std::uint64_t*>(&client.product), reinterpret_cast<const std::uint64_t*>(from), sizeof(Product) / 8);
    client.product_number = number;
    client.round = ++rounds_;
  }
  // Waits for the oldest order under way and answers it.
  VITRUVIAN_INLINE bool answer_one() {
    if (pending_count_ == 0) return false;
    WaitFlag<HardEvent::FIX_S>(kDone + static_cast<int>(first_pending_));
    store_shared(pending_[first_pending_].answer, pending_[first_pending_].number);
    first_pending_ = (first_pending_ + 1) % kPending;
    --pending_count_;
    return true;
  }
  // Room for one more.
  VITRUVIAN_INLINE void make_room() {
    if (pending_count_ == kPending) answer_one();
  }

  // Both gone; or one, and the other has a number beyond usedCoreNum and never registered.
  VITRUVIAN_INLINE bool everyone_left() {
    std::uint32_t gone = 0, silent = 0;
    for (std::uint32_t i = 0; i < clients_; ++i) gone += client_[i].gone;
    if (gone == 0 || gone == clients_) return gone != 0;
    for (std::uint32_t i = 0; i < clients_; ++i) {
      const std::uint32_t index = static_cast<std::uint32_t>(::get_block_idx()) * clients_ + i;  // GetBlockIdx() of the AIV
      const bool unknown = load_shared<std::uint64_t>(client_[i].region + kState) != client_[i].next / kBaseStep * kBaseStep;
      silent += !client_[i].gone && unknown && index >= used_cores_;
    }
    return gone + silent == clients_;
  }

  template <std::size_t... index>
  VITRUVIAN_INLINE void run(const Product& product, const Order& order, std::uint64_t round, std::index_sequence<index...>) {
    if (product.object != last_object_) (cubes_.template get<index>().forget(), ...);
    last_object_ = product.object;
    // Once the pipes have the first chunk of this order, the oldest one is waited for and answered.
    ((product.object == index ? cubes_.template get<index>().run(product, order, round, [this]() VITRUVIAN_LAMBDA { make_room(); }) : void()), ...);
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
  std::uint32_t last_object_ = 0;
  Pending pending_[kPending];
  std::uint32_t first_pending_ = 0, pending_count_ = 0;
  std::uint64_t rounds_ = 0;
};

}  // namespace matmul_library
}  // namespace AscendC
