#include "src/mte/routes.h"

namespace vitruvian::mte {

Route route_of(isa::Op op) {
  using enum isa::Op;
  constexpr Space GM = Space::GM, UB = Space::UB, L1 = Space::L1, L0A = Space::L0A, L0B = Space::L0B, BT = Space::BT, FB = Space::FB;
  switch (op) {
    case copy_gm_to_ubuf: return {Kind::copy, GM, UB};
    case copy_gm_to_cbuf: return {Kind::copy, GM, L1};
    case copy_ubuf_to_gm: return {Kind::copy, UB, GM};
    case copy_cbuf_to_gm: return {Kind::copy, L1, GM};
    case copy_ubuf_to_ubuf: return {Kind::copy, UB, UB};
    case copy_cbuf_to_bt: return {Kind::copy, L1, BT};
    case copy_cbuf_to_fbuf: return {Kind::copy, L1, FB};

    case copy_gm_to_ubuf_align_b8: return {Kind::align, GM, UB, 1};
    case copy_gm_to_ubuf_align_b16: return {Kind::align, GM, UB, 2};
    case copy_gm_to_ubuf_align_b32: return {Kind::align, GM, UB, 4};
    case copy_ubuf_to_gm_align_b8: return {Kind::align, UB, GM, 1};
    case copy_ubuf_to_gm_align_b16: return {Kind::align, UB, GM, 2};
    case copy_ubuf_to_gm_align_b32: return {Kind::align, UB, GM, 4};

    case copy_gm_to_cbuf_multi_nd2nz_b8: return {Kind::nd2nz, GM, L1, 1};
    case copy_gm_to_cbuf_multi_nd2nz_b16: return {Kind::nd2nz, GM, L1, 2};
    case copy_gm_to_cbuf_multi_nd2nz_b32s: return {Kind::nd2nz, GM, L1, 4};

    case load_gm_to_ca: return {Kind::load2d, GM, L0A};
    case load_gm_to_cb: return {Kind::load2d, GM, L0B};
    case load_cbuf_to_ca: return {Kind::load2d, L1, L0A};
    case load_cbuf_to_cb: return {Kind::load2d, L1, L0B};
    case load_cbuf_to_ca_t_b16:
    case load_cbuf_to_ca_transpose_b16: return {Kind::transpose, L1, L0A, 2};
    case load_cbuf_to_cb_t_b16:
    case load_cbuf_to_cb_transpose_b16: return {Kind::transpose, L1, L0B, 2};
    case load_cbuf_to_ca_transpose_b8: return {Kind::transpose, L1, L0A, 1};
    case load_cbuf_to_cb_transpose_b8: return {Kind::transpose, L1, L0B, 1};
    case load_cbuf_to_ca_transpose_b32: return {Kind::transpose, L1, L0A, 4};
    case load_cbuf_to_cb_transpose_b32: return {Kind::transpose, L1, L0B, 4};

    case img2colv2_cbuf_to_ca_b8: return {Kind::image, L1, L0A, 1};
    case img2colv2_cbuf_to_ca_b16: return {Kind::image, L1, L0A, 2};
    case img2colv2_cbuf_to_ca_b32: return {Kind::image, L1, L0A, 4};
    case img2colv2_cbuf_to_cb_b8: return {Kind::image, L1, L0B, 1};
    case img2colv2_cbuf_to_cb_b16: return {Kind::image, L1, L0B, 2};
    case img2colv2_cbuf_to_cb_b32: return {Kind::image, L1, L0B, 4};

    case create_cbuf_matrix_b16: return {Kind::fill, L1, L1, 2};
    case create_cbuf_matrix_b32: return {Kind::fill, L1, L1, 4};
    case create_ca_matrix_b16: return {Kind::fill, L0A, L0A, 2};
    case create_ca_matrix_b32: return {Kind::fill, L0A, L0A, 4};
    case create_cb_matrix_b16: return {Kind::fill, L0B, L0B, 2};
    case create_cb_matrix_b32: return {Kind::fill, L0B, L0B, 4};
    default: return {};
  }
}

std::uint16_t alignment_of(Space space) {
  switch (space) {
    case Space::UB:
    case Space::L1: return isa::kBlockBytes;
    case Space::L0A:
    case Space::L0B: return isa::kFractalBytes;
    case Space::L0C:
    case Space::BT:
    case Space::FB: return 64;
    default: return 1;
  }
}

}  // namespace vitruvian::mte
