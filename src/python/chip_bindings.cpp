#include <pybind11/stl.h>

#include "src/chip/chip_spec.h"
#include "src/python/bindings.h"
#include "src/workload/library_kernels.h"

namespace py = pybind11;

namespace vitruvian::python {
namespace {

// path -> (value, unit, trust, source, meaning)
py::dict chip_values(const std::string& name, const std::map<std::string, double>& overrides) {
  const auto spec = chip::ChipSpec::load(name, overrides);
  py::dict values;
  for (std::size_t i = 0; i < static_cast<std::size_t>(chip::Param::kCount); ++i) {
    const auto param = static_cast<chip::Param>(i);
    const chip::Value& value = spec.value(param);
    const chip::ParamInfo& about = chip::info(param);
    values[about.path] = py::make_tuple(value.value, chip::to_string(about.unit), chip::to_string(value.trust), value.source, about.meaning);
  }
  return values;
}

std::map<std::string, std::string> chip_descriptions() {
  std::map<std::string, std::string> descriptions;
  for (const std::string& name : chip::ChipSpec::available()) descriptions[name] = chip::ChipSpec::load(name).description();
  return descriptions;
}

py::dict library_kernels() {
  py::dict kernels;
  for (const workload::LibraryKernelInfo& info : workload::library_kernels()) {
    py::dict parameters;
    for (const workload::ParameterInfo& parameter : info.parameters)
      parameters[py::str(parameter.name)] = py::make_tuple(parameter.default_value, parameter.meaning);
    kernels[py::str(info.name)] = py::make_tuple(info.summary, parameters);
  }
  return kernels;
}

}  // namespace

void bind_chips(py::module_& module) {
  module.def("chip_descriptions", &chip_descriptions);
  module.def("chip_values", &chip_values);
  module.def("library_kernels", &library_kernels);
}

}  // namespace vitruvian::python
