// Dispatch: operation -> shape and kernel.
#include "vector_unit/vector_unit.h"

#include "vector_unit/job.h"

namespace vitruvian::vector_unit {

bool host_has_avx2() {
#if defined(VITRUVIAN_VECTOR_HAS_AVX2)
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("f16c");
#else
  return false;
#endif
}

const Table& table() {
#if defined(VITRUVIAN_VECTOR_HAS_AVX2)
  static const Table kernels = host_has_avx2() ? avx2::make_table() : baseline::make_table();
#else
  static const Table kernels = baseline::make_table();
#endif
  return kernels;
}

bool implements(isa::Op op) { return table()[op].kernel != nullptr; }

pipe::OperandFault execute(const pipe::Issued& issued, memory::CoreMemory& memory) {
  const Entry& entry = table()[issued.op];
  ensure(entry.kernel != nullptr, "only implemented vector operations are executed");
  const Job job = make_job(issued, entry);
  pipe::OperandFault fault;
  entry.kernel(job, {memory.ub.data(), memory.ub.size(), &memory.result, &fault});
  return fault;
}

}  // namespace vitruvian::vector_unit
