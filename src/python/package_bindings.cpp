#include <memory>

#include <fmt/format.h>
#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include "src/python/bindings.h"
#include "vitruvian/package.h"

namespace py = pybind11;

namespace vitruvian::python {
namespace {

using ByteArray = py::array_t<std::uint8_t, py::array::c_style>;
using Released = py::call_guard<py::gil_scoped_release>;

std::shared_ptr<Package> make_package(const std::string& chip, const std::map<std::string, double>& overrides) {
  py::gil_scoped_release released;
  return std::make_shared<Package>(chip, overrides);
}

// A die keeps its package alive.
std::shared_ptr<Device> die(const std::shared_ptr<Package>& package, std::uint32_t index) { return {package, &package->die(index)}; }

std::vector<LaunchResult> run_concurrently(Package& package, const py::sequence& items, py::object progress) {
  std::vector<ConcurrentLaunch> launches = launches_from(items);
  RunWatch watch(std::move(progress));
  if (!launches.empty()) launches.front().options.progress = watch.callback();
  return watch.run([&] { return package.run_concurrently(launches); });
}

void program(Package& package, std::uint32_t peer, double after_us, const std::optional<std::pair<std::uint64_t, std::uint32_t>>& when, std::uint64_t to,
             const py::bytes& data, std::uint64_t from, std::uint64_t bytes, std::uint32_t stage) {
  PeerMessage message;
  message.peer = peer;
  message.after_us = after_us;
  if (when) message.when = PeerTrigger{{when->first}, when->second};
  message.to = {to};
  const auto text = static_cast<std::string_view>(data);
  message.data.assign(text.begin(), text.end());
  message.from = {from};
  message.bytes = bytes;
  message.stage = stage;
  package.program(message);
}

}  // namespace

void bind_package(py::module_& module) {
  py::class_<Package, std::shared_ptr<Package>>(module, "Package")
      .def(py::init(&make_package), py::arg("chip"), py::arg("overrides"))
      .def_property_readonly("dies", &Package::dies)
      .def("die", &die)
      .def("run_concurrently", &run_concurrently, py::arg("launches"), py::arg("progress") = py::none())
      .def("add_peer", [](Package& self, std::uint64_t bytes, bool far) { return self.add_peer({.bytes = bytes, .far = far}); })
      .def("peer_memory", [](const Package& self, std::uint32_t peer) { return self.peer_memory(peer).value; })
      .def("copy_in",
           [](Package& self, std::uint64_t to, const ByteArray& from) { self.copy_in({to}, from.data(), static_cast<std::uint64_t>(from.nbytes())); },
           py::arg("to"), py::arg("from").noconvert())
      .def("copy_out",
           [](Package& self, ByteArray& to, std::uint64_t from) { self.copy_out(to.mutable_data(), {from}, static_cast<std::uint64_t>(to.nbytes())); },
           py::arg("to").noconvert(), py::arg("from"))
      .def("program", &program)
      .def("clear_messages", &Package::clear_messages)
      .def("hierarchy", &Package::hierarchy, Released());
}

}  // namespace vitruvian::python
