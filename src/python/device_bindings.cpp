#include <cstring>
#include <memory>

#include <fmt/format.h>
#include <pybind11/functional.h>
#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include "src/python/bindings.h"
#include "src/workload/library_kernels.h"

namespace py = pybind11;

namespace vitruvian::python {
namespace {

using ByteArray = py::array_t<std::uint8_t, py::array::c_style>;

// Every call that may wait for the lock of a running launch must give the GIL away first: the launch's progress callback
// wants it while it holds that lock.
using Released = py::call_guard<py::gil_scoped_release>;

// A module keeps its device alive.
struct LoadedModule {
  std::shared_ptr<Device> device;
  std::shared_ptr<Module> module;

  LoadedModule(std::shared_ptr<Device> on, std::shared_ptr<Module> loaded) : device(std::move(on)), module(std::move(loaded)) {}
  LoadedModule(const LoadedModule&) = default;
  ~LoadedModule() {
    py::gil_scoped_release released;
    module.reset();
    device.reset();
  }
};

std::shared_ptr<Device> make_device(const std::string& chip, const std::map<std::string, double>& overrides) {
  py::gil_scoped_release released;
  return {new Device(chip, overrides), [](Device* device) {
            // The last owner is Python (with the GIL) or a LoadedModule (without it).
            std::optional<py::gil_scoped_release> release;
            if (PyGILState_Check() != 0) release.emplace();
            delete device;
          }};
}

LoadedModule load(std::shared_ptr<Device> device, const std::string& path) {
  std::shared_ptr<Module> module;
  {
    py::gil_scoped_release released;
    module = device->load(path);
  }
  return {std::move(device), std::move(module)};
}

LoadedModule load_bytes(std::shared_ptr<Device> device, const py::bytes& elf, const std::string& name) {
  const auto text = static_cast<std::string_view>(elf);
  std::vector<std::uint8_t> bytes(text.begin(), text.end());
  std::shared_ptr<Module> module;
  {
    py::gil_scoped_release released;
    module = device->load(std::move(bytes), name);
  }
  return {std::move(device), std::move(module)};
}

Argument argument_from(const py::handle& value) {
  if (py::isinstance<DeviceAddress>(value)) return value.cast<DeviceAddress>();
  if (py::isinstance<py::bytes>(value)) {
    const auto text = value.cast<std::string_view>();
    return std::vector<std::uint8_t>(text.begin(), text.end());
  }
  if (py::isinstance<py::float_>(value)) return value.cast<double>();
  if (py::isinstance<py::int_>(value)) {
    int overflow = 0;
    const long long number = PyLong_AsLongLongAndOverflow(value.ptr(), &overflow);
    if (overflow == 0) return static_cast<std::int64_t>(number);
    if (overflow > 0) {
      const unsigned long long large = PyLong_AsUnsignedLongLong(value.ptr());
      if (PyErr_Occurred() == nullptr) return static_cast<std::uint64_t>(large);
      PyErr_Clear();
    }
    throw Error("the number fits no kernel parameter", "argument", "a 64-bit integer", std::string(py::str(value)));
  }
  throw Error("the value cannot be a kernel's argument", "argument", "an array, int, float or bytes", std::string(py::str(py::type::of(value))));
}

std::vector<Argument> arguments_from(const py::sequence& values) {
  std::vector<Argument> arguments;
  for (const py::handle value : values) arguments.push_back(argument_from(value));
  return arguments;
}

LaunchResult launch(LoadedModule& self, const std::string& kernel, const py::sequence& values, const py::dict& keywords, py::object progress) {
  const auto arguments = arguments_from(values);
  LaunchOptions options = options_from(keywords);
  RunWatch watch(std::move(progress));
  options.progress = watch.callback();
  return watch.run([&] { return self.module->launch(kernel, arguments, options); });
}

std::vector<LaunchResult> run_concurrently(Device& device, const py::sequence& items, py::object progress) {
  std::vector<ConcurrentLaunch> launches = launches_from(items);
  RunWatch watch(std::move(progress));
  if (!launches.empty()) launches.front().options.progress = watch.callback();
  return watch.run([&] { return device.run_concurrently(launches); });
}

workload::KernelReport run_library_kernel(Device& device, const std::string& kernel, const workload::Parameters& parameters, const py::dict& keywords,
                                          std::uint64_t seed, bool check, py::object progress) {
  workload::KernelRequest request;
  request.kernel = kernel;
  request.parameters = parameters;
  request.options = options_from(keywords);
  request.seed = seed;
  request.check = check;
  RunWatch watch(std::move(progress));
  request.options.progress = watch.callback();
  return watch.run([&] { return workload::run_library_kernel(device, request); });
}

void copy_in(Device& device, DeviceAddress to, const ByteArray& from) {
  const auto bytes = static_cast<std::uint64_t>(from.nbytes());
  const void* data = from.data();
  py::gil_scoped_release released;
  device.copy_in(to, data, bytes);
}

void copy_out(Device& device, ByteArray& to, DeviceAddress from) {
  const auto bytes = static_cast<std::uint64_t>(to.nbytes());
  void* data = to.mutable_data();
  py::gil_scoped_release released;
  device.copy_out(data, from, bytes);
}

void bind_module(py::module_& module) {
  py::class_<LoadedModule>(module, "Module")
      .def_property_readonly("name", [](const LoadedModule& self) { return self.module->name(); })
      .def_property_readonly("kernels", [](const LoadedModule& self) { return self.module->kernels(); })
      .def("signature", [](const LoadedModule& self, const std::string& kernel) { return self.module->signature(kernel); })
      .def("launch", &launch, py::arg("kernel"), py::arg("arguments"), py::arg("options"), py::arg("progress") = py::none());
}

}  // namespace

bool RunWatch::look(double share) {
  // Taking the GIL costs more than many simulated cycles, and other Python threads want it.
  constexpr auto kInterval = std::chrono::milliseconds(50);
  const auto now = std::chrono::steady_clock::now();
  if (now - looked_ < kInterval) return true;
  looked_ = now;
  py::gil_scoped_acquire held;
  try {
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
    if (!progress_.is_none()) progress_(share);
    return true;
  } catch (py::error_already_set& error) {
    error_.emplace(std::move(error));
    return false;
  }
}

std::vector<ConcurrentLaunch> launches_from(const py::sequence& items) {
  std::vector<ConcurrentLaunch> launches;
  for (const py::handle item : items) {
    const auto parts = item.cast<py::tuple>();
    ConcurrentLaunch launch;
    launch.module = parts[0].cast<LoadedModule&>().module.get();
    launch.kernel = parts[1].cast<std::string>();
    launch.arguments = arguments_from(parts[2].cast<py::sequence>());
    launch.options = options_from(parts[3].cast<py::dict>());
    launches.push_back(std::move(launch));
  }
  return launches;
}

LaunchOptions options_from(const py::dict& keywords) {
  LaunchOptions options;
  for (const auto& [key, value] : keywords) {
    const auto name = key.cast<std::string>();
    if (name == "block_dim") options.block_dim = value.cast<std::uint32_t>();
    else if (name == "mode") options.mode = mode_from(value.cast<std::string>());
    else if (name == "sync") options.sync = sync_from(value.cast<std::string>());
    else if (name == "l2") options.l2 = l2_state_from(value.cast<std::string>());
    else if (name == "trace") options.trace = value.cast<bool>();
    else if (name == "first_core") options.first_core = value.cast<std::uint32_t>();
    else if (name == "runahead_limit") options.runahead_limit = value.cast<std::uint64_t>();
    else if (name == "instruction_limit") options.instruction_limit = value.cast<std::uint64_t>();
    else if (name == "tiling_key") options.tiling_key = value.cast<std::uint64_t>();
    else if (name == "steering_bytes") options.steering_bytes = value.cast<std::uint32_t>();
    else
      throw Error("unknown launch option", "launch",
                  "block_dim, mode, sync, l2, trace, first_core, runahead_limit, instruction_limit, tiling_key or steering_bytes", "'" + name + "'");
  }
  return options;
}

void bind_device(py::module_& module) {
  py::class_<DeviceAddress>(module, "Address")
      .def(py::init([](std::uint64_t value) { return DeviceAddress{value}; }))
      .def_readonly("value", &DeviceAddress::value)
      .def("__repr__", [](DeviceAddress self) { return fmt::format("Address({:#x})", self.value); });
  bind_module(module);
  py::class_<Device, std::shared_ptr<Device>>(module, "Device")
      .def(py::init(&make_device), py::arg("chip"), py::arg("overrides"))
      .def_property_readonly("chip", &Device::chip)
      .def_property_readonly("clock_hz", &Device::clock_hz)
      .def_property_readonly("aic_count", &Device::aic_count)
      .def_property_readonly("aiv_count", &Device::aiv_count)
      .def_property_readonly("provenance", &Device::provenance)
      .def("shares_package", &Device::shares_package)
      .def("allocate", &Device::allocate, Released())
      .def("free", &Device::free, Released())
      .def("copy_in", &copy_in, py::arg("to"), py::arg("from").noconvert())
      .def("copy_out", &copy_out, py::arg("to").noconvert(), py::arg("from"))
      .def("fill", &Device::fill, Released())
      .def("load", &load)
      .def("load_bytes", &load_bytes)
      .def("run_concurrently", &run_concurrently, py::arg("launches"), py::arg("progress") = py::none())
      .def("run_library_kernel", &run_library_kernel, py::arg("kernel"), py::arg("parameters"), py::arg("options"), py::arg("seed"), py::arg("check"),
           py::arg("progress") = py::none())
      .def("hierarchy", &Device::hierarchy, Released());
}

}  // namespace vitruvian::python
