// GM row-major -> L1 Nz:  [n][d] becomes columns of 32 B; column j holds all rows of elements j*c0 .. j*c0+c0-1.
#include <cstring>

#include "src/mte/routes.h"

namespace vitruvian::mte {
namespace {

struct Matrix {
  std::uint32_t count, rows, row_bytes, columns;  // columns of 32 B
  std::int64_t src_matrix, src_row, dst_matrix, dst_column, dst_row;
};

Matrix matrix_of(const pipe::Issued& issued, const Route& route) {
  namespace f = isa::nd2nz;
  const std::uint64_t a = issued.operand[2], b = issued.operand[3], element = route.element;
  Matrix matrix{};
  matrix.count = static_cast<std::uint32_t>(f::nd_num.get(a));
  matrix.rows = static_cast<std::uint32_t>(f::n_value.get(a));
  matrix.row_bytes = static_cast<std::uint32_t>(f::d_value.get(a) * element);
  matrix.columns = (matrix.row_bytes + isa::kBlockBytes - 1) / isa::kBlockBytes;
  matrix.src_matrix = static_cast<std::int64_t>(f::src_nd_stride.get(a) * element);
  matrix.src_row = static_cast<std::int64_t>(f::src_d_value.get(b) * element);
  matrix.dst_matrix = static_cast<std::int64_t>(f::dst_nd_stride.get(b) * element);
  matrix.dst_column = static_cast<std::int64_t>(f::dst_c0_stride.get(b) * isa::kBlockBytes);
  matrix.dst_row = static_cast<std::int64_t>(f::dst_n_stride.get(b) * isa::kBlockBytes);
  return matrix;
}

// Two columns at once use each 64 B line of the source while it is at hand.
void move_column_pair(std::uint8_t* dst, const std::uint8_t* src, const Matrix& matrix) {
  for (std::uint32_t row = 0; row < matrix.rows; ++row, src += matrix.src_row, dst += matrix.dst_row) {
    std::memcpy(dst, src, isa::kBlockBytes);
    std::memcpy(dst + matrix.dst_column, src + isa::kBlockBytes, isa::kBlockBytes);
  }
}

void move_column(std::uint8_t* dst, const std::uint8_t* src, const Matrix& matrix, std::uint32_t bytes) {
  for (std::uint32_t row = 0; row < matrix.rows; ++row, src += matrix.src_row, dst += matrix.dst_row) {
    std::uint8_t block[isa::kBlockBytes] = {};
    std::memcpy(block, src, bytes);
    std::memcpy(dst, block, isa::kBlockBytes);
  }
}

void move_matrix(std::uint8_t* dst, const std::uint8_t* src, const Matrix& matrix) {
  const std::uint32_t whole = matrix.row_bytes / isa::kBlockBytes;
  std::uint32_t column = 0;
  for (; column + 2 <= whole; column += 2)
    move_column_pair(dst + column * matrix.dst_column, src + column * isa::kBlockBytes, matrix);
  for (; column < matrix.columns; ++column) {
    const std::uint32_t left = matrix.row_bytes - column * isa::kBlockBytes;
    move_column(dst + column * matrix.dst_column, src + column * isa::kBlockBytes, matrix,
                left < isa::kBlockBytes ? left : isa::kBlockBytes);
  }
}

}  // namespace

void footprint_nd2nz(const pipe::Issued& issued, const Route& route, memory::Footprint& footprint) {
  const Matrix matrix = matrix_of(issued, route);
  memory::Access read;
  read.space = Space::GM;
  read.alignment = route.element;
  read.bytes = matrix.row_bytes;
  read.n0 = matrix.rows, read.stride0 = matrix.src_row;
  read.n1 = matrix.count, read.stride1 = matrix.src_matrix;
  read.base = issued.operand[1];
  footprint.add(read);
  if (read.empty()) return;

  memory::Access write;
  write.space = Space::L1;
  write.write = true;
  write.alignment = isa::kBlockBytes;
  write.base = issued.operand[0];
  write.bytes = isa::kBlockBytes;
  if (matrix.dst_row == isa::kBlockBytes) {  // a column is one run
    write.bytes = matrix.rows * isa::kBlockBytes;
    write.n0 = matrix.columns, write.stride0 = matrix.dst_column;
    write.n1 = matrix.count, write.stride1 = matrix.dst_matrix;
    footprint.add(write);
    return;
  }
  write.n0 = matrix.rows, write.stride0 = matrix.dst_row;
  write.n1 = matrix.columns, write.stride1 = matrix.dst_column;
  constexpr std::uint32_t kMostMatrices = 6;  // what a Footprint has room for
  if (matrix.count <= kMostMatrices) {
    for (std::uint32_t i = 0; i < matrix.count; ++i, write.base += static_cast<std::uint64_t>(matrix.dst_matrix))
      footprint.add(write);
    return;
  }
  // Three strides do not fit an Access: one run over each matrix, named as a bound.
  write.bytes = static_cast<std::uint32_t>(write.high() - write.base);
  write.n0 = matrix.count, write.stride0 = matrix.dst_matrix;
  write.n1 = 1;
  write.bounding = true;
  footprint.add(write);
}

void execute_nd2nz(const pipe::Issued& issued, const Route& route, memory::CoreMemory& memory) {
  const Matrix matrix = matrix_of(issued, route);
  if (matrix.count == 0 || matrix.rows == 0 || matrix.row_bytes == 0) return;
  std::uint8_t* dst = pointer(memory, route.dst, issued.operand[0]);
  const std::uint8_t* src = pointer(memory, route.src, issued.operand[1]);
  for (std::uint32_t i = 0; i < matrix.count; ++i, dst += matrix.dst_matrix, src += matrix.src_matrix)
    move_matrix(dst, src, matrix);
}

}  // namespace vitruvian::mte
