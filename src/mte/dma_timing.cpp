#include "src/mte/dma_engine.h"

namespace vitruvian::mte {

using chip::Param;

std::shared_ptr<const DmaTiming> make_dma_timing(const chip::ChipSpec& spec) {
  const auto count = [&](Param p) { return static_cast<std::uint32_t>(spec.get_integer(p)); };
  auto t = std::make_shared<DmaTiming>();
  t->outstanding_reads = count(Param::outstanding_reads);
  t->outstanding_writes = count(Param::outstanding_writes);
  t->store_tag = count(Param::store_tag);
  t->window = count(Param::dma_window);
  t->read_channels_aic = count(Param::read_channels_aic);
  t->read_channels_aiv = count(Param::read_channels_aiv);
  t->channel_bytes_per_cycle = spec.get(Param::channel_width);
  t->request_interval = spec.get(Param::dma_request_interval);
  t->read_start = spec.get_integer(Param::dma_read_start);
  t->write_start = spec.get_integer(Param::dma_write_start);
  t->instruction_interval = spec.get_integer(Param::dma_instruction_interval);
  t->nd2nz_start = spec.get_integer(Param::nd2nz_start);
  t->nd2nz_in_flight = count(Param::nd2nz_in_flight);
  t->nd2nz_row_cost = spec.get(Param::nd2nz_row_cost);
  return t;
}

}  // namespace vitruvian::mte
