#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include "src/python/bindings.h"
#include "src/report/run_report.h"
#include "src/trace/trace.h"
#include "src/workload/library_kernels.h"

namespace py = pybind11;

namespace vitruvian::python {
namespace {

py::dict pipe_dict(const PipeCounters& pipe) {
  py::dict stalls;
  for (std::size_t i = 0; i < pipe.stall.size(); ++i)
    if (pipe.stall[i] != 0) stalls[to_string(static_cast<StallReason>(i))] = pipe.stall[i];
  using namespace py::literals;
  return py::dict("busy"_a = pipe.busy, "stalls"_a = stalls, "idle"_a = pipe.idle, "operations"_a = pipe.operations, "bytes"_a = pipe.bytes,
                  "assumed_busy"_a = pipe.assumed_busy);
}

py::dict pipes_dict(const LaunchResult& result) {
  py::dict pipes;
  for (const auto& [name, pipe] : result.pipes()) pipes[py::str(name)] = pipe_dict(pipe);
  return pipes;
}

py::list cores_list(const LaunchResult& result) {
  using namespace py::literals;
  py::list cores;
  for (const CoreCounters& core : result.cores) {
    py::dict pipes;
    for (const PipeCounters& pipe : core.pipes) pipes[py::str(pipe.pipe)] = pipe_dict(pipe);
    cores.append(py::dict("core"_a = core.core, "is_aic"_a = core.is_aic, "start"_a = core.start, "end"_a = core.end,
                          "instructions"_a = core.instructions, "pipes"_a = pipes));
  }
  return cores;
}

py::dict memory_dict(const LaunchResult& result) {
  using namespace py::literals;
  const MemoryCounters& memory = result.memory;
  return py::dict("requests"_a = memory.requests, "l2_hits"_a = memory.l2_hits, "l2_misses"_a = memory.l2_misses,
                  "l2_writebacks"_a = memory.l2_writebacks, "bytes_read"_a = memory.bytes_read, "bytes_written"_a = memory.bytes_written,
                  "hbm_bytes_read"_a = memory.hbm_bytes_read, "hbm_bytes_written"_a = memory.hbm_bytes_written,
                  "l2_busy_share"_a = memory.l2_busy_share, "hbm_busy_share"_a = memory.hbm_busy_share,
                  "remote_bytes_read"_a = memory.remote_bytes_read, "remote_bytes_written"_a = memory.remote_bytes_written,
                  "die_link_busy_share"_a = memory.die_link_busy_share, "fabric_busy_share"_a = memory.fabric_busy_share);
}

void bind_fault(py::module_& module) {
  py::class_<Fault>(module, "Fault", "A program's fault: kind, core, pipe, pc, cycle, disassembly, source_line, detail.")
      .def_property_readonly("kind", [](const Fault& fault) { return to_string(fault.kind); })
      .def_readonly("core", &Fault::core)
      .def_readonly("pipe", &Fault::pipe)
      .def_readonly("pc", &Fault::pc)
      .def_readonly("cycle", &Fault::cycle)
      .def_readonly("disassembly", &Fault::disassembly)
      .def_readonly("source_line", &Fault::source_line)
      .def_readonly("detail", &Fault::detail)
      .def("report", &Fault::report)
      .def("__repr__", &Fault::report);
}

}  // namespace

void bind_results(py::module_& module) {
  PYBIND11_NUMPY_DTYPE(TraceEvent, core, pipe, op, stall, pc, issue, start, finish, bytes);
  bind_fault(module);
  py::list reasons;
  for (std::size_t i = 0; i < static_cast<std::size_t>(StallReason::kCount); ++i) reasons.append(to_string(static_cast<StallReason>(i)));
  module.attr("stall_reasons") = reasons;
  py::class_<LaunchResult>(module, "LaunchResult")
      .def_readonly("kernel", &LaunchResult::kernel)
      .def_readonly("chip", &LaunchResult::chip)
      .def_readonly("mode", &LaunchResult::mode)
      .def_readonly("sync", &LaunchResult::sync)
      .def_readonly("l2", &LaunchResult::l2)
      .def_readonly("reran_in_full", &LaunchResult::reran_in_full)
      .def_readonly("cycles", &LaunchResult::cycles)
      .def_readonly("start_cycle", &LaunchResult::start_cycle)
      .def_readonly("end_cycle", &LaunchResult::end_cycle)
      .def_readonly("time_us", &LaunchResult::time_us)
      .def_readonly("core_time_us", &LaunchResult::core_time_us)
      .def_readonly("hazard_waits", &LaunchResult::hazard_waits)
      .def_readonly("wall_s", &LaunchResult::wall_s)
      .def_readonly("pipe_operations", &LaunchResult::pipe_operations)
      .def_readonly("scalar_instructions", &LaunchResult::scalar_instructions)
      .def_readonly("assumed_share", &LaunchResult::assumed_share)
      .def_readonly("bound", &LaunchResult::bound)
      .def_readonly("printed", &LaunchResult::printed)
      .def_property_readonly("fault", [](const LaunchResult& result) { return result.fault ? py::cast(result.fault) : py::object(py::none()); })
      .def_property_readonly("pipes", &pipes_dict)
      .def_property_readonly("cores", &cores_list)
      .def_property_readonly("memory", &memory_dict)
      .def_property_readonly("events", [](const LaunchResult& result) {
        return py::array_t<TraceEvent>(static_cast<py::ssize_t>(result.events.size()), result.events.data());
      })
      .def("write_trace", &LaunchResult::write_trace, py::call_guard<py::gil_scoped_release>())
      .def("op_summary_csv", [](const LaunchResult& result) { return trace::op_summary_csv(std::span(&result, 1)); })
      .def("pipe_utilization_csv", &trace::pipe_utilization_csv)
      .def("summary", &report::summary)
      .def("headline", &report::headline)
      .def("pipe_table", [](const LaunchResult& result) { return report::pipe_table(result).text(); })
      .def("core_table", [](const LaunchResult& result) { return report::core_table(result).text(); });
  py::class_<workload::KernelReport>(module, "KernelReport")
      .def_readonly("run", &workload::KernelReport::run)
      .def_readonly("kernel", &workload::KernelReport::kernel)
      .def_readonly("parameters", &workload::KernelReport::parameters)
      .def_readonly("useful_operations", &workload::KernelReport::useful_operations)
      .def_readonly("useful_bytes", &workload::KernelReport::useful_bytes)
      .def_readonly("tflops", &workload::KernelReport::tflops)
      .def_readonly("utilization", &workload::KernelReport::utilization)
      .def_readonly("bandwidth", &workload::KernelReport::bandwidth)
      .def_readonly("error_formula", &workload::KernelReport::error_formula)
      .def_readonly("h100_time_us", &workload::KernelReport::h100_time_us)
      .def_readonly("h100_basis", &workload::KernelReport::h100_basis)
      .def_readonly("ratio_to_h100", &workload::KernelReport::ratio_to_h100)
      .def_property_readonly("passed", &workload::KernelReport::passed)
      .def_property_readonly("max_rel_error",
                             [](const workload::KernelReport& self) {
                               return self.accuracy ? std::optional<double>(self.accuracy->max_rel_error) : std::nullopt;
                             })
      .def_property_readonly("max_rel_error_bound",
                             [](const workload::KernelReport& self) { return self.accuracy ? std::optional<double>(self.accuracy->bound) : std::nullopt; })
      .def("json", [](const workload::KernelReport& self) { return workload::to_json(self).dump(); });
}

}  // namespace vitruvian::python
