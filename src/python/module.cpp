#include <fmt/format.h>
#include <pybind11/functional.h>
#include <pybind11/stl.h>

#include "isa/instruction.h"
#include "src/cli/command_line.h"
#include "src/python/bindings.h"

// SystemC's library wants this symbol of whoever links it, or the import fails; it is never called. Weak, so that a
// definition elsewhere counts.
extern "C" __attribute__((weak, visibility("default"))) int sc_main(int, char**) { return 0; }

namespace py = pybind11;

namespace vitruvian::python {
namespace {

PyObject* error_type = nullptr;  // vitruvian.Error, for the life of the process

void translate_error(std::exception_ptr pointer) {
  try {
    if (pointer) std::rethrow_exception(pointer);
  } catch (const Error& error) {
    py::object value = py::handle(error_type)(error.what());
    value.attr("message") = error.message();
    value.attr("where") = error.where();
    value.attr("expected") = error.expected();
    value.attr("got") = error.got();
    PyErr_SetObject(error_type, value.ptr());
  }
}

// The enumerators' names, by inclusion of the one table: mnemonics have dots.
constexpr const char* kOperationNames[] = {
    "illegal",
#define VITRUVIAN_PIPE(op, format, pipe, code, cost, text, source) #op,
#define VITRUVIAN_SCALAR(op, mnemonic, format, code, text) #op,
#include "isa/instructions.def"
#undef VITRUVIAN_PIPE
#undef VITRUVIAN_SCALAR
};

py::list operations() {
  py::list list;
  for (std::uint16_t i = 1; i < static_cast<std::uint16_t>(isa::Op::kCount); ++i) {
    const auto op = static_cast<isa::Op>(i);
    list.append(py::make_tuple(kOperationNames[i], i, isa::to_string(isa::pipe_of(op)), isa::is_pipe_operation(op), std::string(isa::operation_text(op)),
                               std::string(isa::source_of(op))));
  }
  return list;
}

}  // namespace
}  // namespace vitruvian::python

PYBIND11_MODULE(_core, module) {
  using namespace vitruvian;
  using namespace vitruvian::python;
  module.doc() = "The compiled part of vitruvian: use the package, not this module.";
  error_type = PyErr_NewExceptionWithDoc("vitruvian.Error", "A user's mistake: .message, .where, .expected, .got.", nullptr, nullptr);
  for (const char* name : {"message", "where", "expected", "got"}) py::handle(error_type).attr(name) = "";
  module.attr("Error") = py::reinterpret_borrow<py::object>(error_type);
  py::register_exception_translator(translate_error);

  module.def("fail", [](const std::string& what, const std::string& where, const std::string& expected, const std::string& got) {
    throw Error(what, where, expected, got);
  });
  module.def("operations", &operations);
  module.def("revision", &revision);
  module.def("data_directory", &data_directory);
  // The process ends with its status: it takes SIGINT, and may become another interpreter.
  module.def("command_line", [](std::vector<std::string> words) {
    std::vector<char*> pointers;
    for (std::string& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    return cli::command_line(static_cast<int>(words.size()), pointers.data());
  }, py::call_guard<py::gil_scoped_release>());
  module.def(
      "compile",
      [](const std::string& source, const std::string& elf, const std::vector<std::string>& flags, const std::string& compiler) {
        compile(source, elf, {.flags = flags, .keep_temporaries = false, .compiler = compiler});
      },
      py::call_guard<py::gil_scoped_release>());
  bind_results(module);
  bind_device(module);
  bind_package(module);
  bind_chips(module);
  bind_tiling(module);
}
