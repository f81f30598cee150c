// vitruvian._core.tiling_*: tilings as bytes, for kernels that take them in global memory or by value.
#include <map>

#include <pybind11/stl.h>

#include <tiling/tiling_api.h>
#include "src/python/bindings.h"

namespace py = pybind11;

namespace vitruvian::python {
namespace {

template <typename Tiling>
py::bytes bytes_of(const Tiling& tiling) {
  return {reinterpret_cast<const char*>(&tiling), sizeof tiling};
}

matmul_tiling::DataType data_type(const std::string& name) {
  using matmul_tiling::DataType;
  static const std::map<std::string, DataType> names = {{"fp32", DataType::DT_FLOAT}, {"fp16", DataType::DT_FLOAT16}, {"bf16", DataType::DT_BF16},
                                                        {"int8", DataType::DT_INT8},  {"int32", DataType::DT_INT32}};
  const auto it = names.find(name);
  if (it == names.end()) throw Error("element type", "tiling.matmul", "fp32, fp16, bf16, int8 or int32", name);
  return it->second;
}

// Fields of the tiling by name come back too, so that a notebook can look at the choice.
py::dict matmul(int m, int n, int k, int cores, const std::string& dtype, const std::string& out_dtype, bool bias, bool c_in_ub,
                const std::map<std::string, int>& fixed, const std::string& chip) {
  matmul_tiling::MatmulProblem p;
  p.m = m, p.n = n, p.k = k, p.cores = cores, p.has_bias = bias;
  p.a.type = p.b.type = data_type(dtype);
  p.c.type = data_type(out_dtype);
  if (c_in_ub) p.c.position = matmul_tiling::TPosition::VECIN;
  const std::map<std::string, std::int32_t*> fields = {{"base_m", &p.base_m},     {"base_n", &p.base_n},     {"base_k", &p.base_k},
                                                       {"single_m", &p.single_m}, {"single_n", &p.single_n}, {"single_k", &p.single_k}};
  for (const auto& [name, value] : fixed) {
    if (name == "n_first") {
      p.traverse = value ? matmul_tiling::MatrixTraverse::FIRSTN : matmul_tiling::MatrixTraverse::FIRSTM;
    } else if (name == "ub_bytes") {
      p.ub_bytes = value;
    } else {
      const auto it = fields.find(name);
      if (it == fields.end()) throw Error("split", "tiling.matmul", "base_m, base_n, base_k, single_m, single_n, single_k, n_first or ub_bytes", name);
      *it->second = value;
    }
  }
  const TCubeTiling t = matmul_tiling::choose_tiling(p, *platform_ascendc::PlatformAscendCManager::GetInstance(chip.c_str()));
  using namespace py::literals;
  return py::dict("data"_a = bytes_of(t), "cores"_a = t.usedCoreNum, "single"_a = std::array{t.singleCoreM, t.singleCoreN, t.singleCoreK},
                  "base"_a = std::array{t.baseM, t.baseN, t.baseK});
}

py::bytes softmax(std::uint32_t rows, std::uint32_t width, std::uint32_t element, std::uint32_t bytes) {
  SoftMaxTiling tiling;
  AscendC::SoftMaxTilingFunc({rows, width}, element, bytes, tiling);
  return bytes_of(tiling);
}
py::bytes rms_norm(std::uint32_t b, std::uint32_t s, std::uint32_t h, std::uint32_t original_h, std::uint32_t element, std::uint32_t bytes) {
  RmsNormTiling tiling;
  if (!AscendC::GetRmsNormTilingInfo({b, s, h}, {b, s, original_h}, bytes, element, tiling))
    throw Error("temporary space", "tiling.rms_norm", "room for one row", std::to_string(bytes) + " bytes");
  return bytes_of(tiling);
}
py::bytes layer_norm(std::uint32_t b, std::uint32_t s, std::uint32_t h, std::uint32_t original_h, std::uint32_t element, std::uint32_t bytes) {
  LayerNormTiling tiling;
  AscendC::GetLayerNormNDTilingInfo({b, s, h, original_h}, bytes, element, false, tiling);
  return bytes_of(tiling);
}
py::bytes pad(std::uint32_t height, std::uint32_t width, std::uint32_t original_width, std::uint32_t element) {
  PadTiling tiling;
  AscendC::PadTilingFunc({height, width}, {height, original_width}, 0, element, tiling);
  return bytes_of(tiling);
}
py::bytes unpad(std::uint32_t height, std::uint32_t width, std::uint32_t element) {
  UnPadTiling tiling;
  AscendC::UnPadTilingFunc({height, width}, 0, element, tiling);
  return bytes_of(tiling);
}

}  // namespace

void bind_tiling(py::module_& module) {
  module.def("tiling_matmul", &matmul);
  module.def("tiling_softmax", &softmax);
  module.def("tiling_rms_norm", &rms_norm);
  module.def("tiling_layer_norm", &layer_norm);
  module.def("tiling_pad", &pad);
  module.def("tiling_unpad", &unpad);
}

}  // namespace vitruvian::python
