// A vector core's connection to its AIC, shared by the Matmul objects of the core.
#pragma once

#include "lib/matmul/matmul_request.h"

namespace AscendC {
namespace matmul_library {

class Session {
 public:
  // Waits for the server's base, then says that this core takes part.
  VITRUVIAN_INLINE void connect() {
    if (state_ != State::unknown) return;
    region_ = vitruvian::spr::read_constant<vitruvian::spr::SYS_WORKSPACE>() + static_cast<std::uint64_t>(::get_coreid()) * kRegion;
    CrossCoreWaitFlag(kReadyFlag);
    state_ = State::connected;
    last_ = answered_ = load_shared<std::uint64_t>(region_ + kBase);
    store_shared(region_ + kState, last_);
  }
  // The AIC leaves when its vector cores have left. An object that was never registered still says so.
  __attribute__((noinline)) void leave() {
    connect();
    wait_for(last_);
    state_ = State::gone;
    Order order{};
    post(order);
  }

  // Writes a product; orders of the product four before it must be through.
  __attribute__((noinline)) std::uint64_t publish(const Product& product) {
    const std::uint64_t place = ++products_ % kProducts, to = region_ + kProductRing + place * kProductBytes;
    wait_for(last_order_of_[place]);
    copy_words(reinterpret_cast<std::uint64_t*>(to), reinterpret_cast<const std::uint64_t*>(&product), sizeof(Product) / 8);
    for (std::uint64_t line = 0; line < sizeof(Product); line += kLine) ::dcci(reinterpret_cast<const void*>(to + line), 0);
    return products_;
  }
  // Sends an order; its number.
  __attribute__((noinline)) std::uint64_t send(Order& order) {
    post(order);
    last_order_of_[order.product % kProducts] = last_;
    return last_;
  }
  VITRUVIAN_INLINE void wait_for(std::uint64_t number) {
    while (answered_ < number) answered_ = load_shared<std::uint64_t>(region_ + kAnswer);
  }
  VITRUVIAN_INLINE std::uint64_t last() const { return last_; }
  VITRUVIAN_INLINE std::uint64_t region() const { return region_; }

  VITRUVIAN_INLINE void add_object() { ++objects_; }
  VITRUVIAN_INLINE void drop_object() {
    if (--objects_ == 0 && state_ != State::gone) leave();
  }

  // The places for tiles of C: which comes next, and a transfer out of one that may still run.
  std::uint32_t next_place = 0;
  bool reading = false;

 private:
  enum class State : std::uint8_t { unknown, connected, gone };
  VITRUVIAN_INLINE void post(Order& order) {
    order.number = ++last_;
    wait_for(last_ - kRing);
    const std::uint64_t to = region_ + last_ % kRing * kLine;
    constexpr std::uint32_t words = sizeof(Order) / 8 - 1;
    copy_words(reinterpret_cast<std::uint64_t*>(to), reinterpret_cast<const std::uint64_t*>(&order), words);
    ::dsb(0);
    store_shared(to + words * 8, order.number);
  }

  std::uint64_t products_ = 0, last_order_of_[kProducts] = {};
  std::uint64_t region_ = 0, last_ = 0, answered_ = 0;
  std::uint32_t objects_ = 0;
  State state_ = State::unknown;
};
// .bss is private to a core and fresh in each block.
inline Session g_session;

}  // namespace matmul_library
}  // namespace AscendC
