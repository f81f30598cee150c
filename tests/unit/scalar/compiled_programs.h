// Programs that run on the scalar unit as clang compiles them and on the host as its compiler does: the same words come out.
#pragma once

namespace programs {

using u8 = unsigned char;
using u32 = unsigned int;
using u64 = unsigned long long;
using s64 = long long;

struct Node {
  int key;
  Node* next;
};

inline int g_counter = 3;
inline u32 g_table[256];
inline Node g_nodes[8];
inline Node* g_head = &g_nodes[0];
inline const double kCoefficients[6] = {1.0, -0.5, 0.25, -0.125, 3.5, 1e-3};

inline u32 crc(const u8* bytes, int n) {
  for (u32 i = 0; i < 256; ++i) {
    u32 c = i;
    for (int k = 0; k < 8; ++k) c = c & 1 ? 0xedb88320u ^ (c >> 1) : c >> 1;
    g_table[i] = c;
  }
  u32 c = ~0u;
  for (int i = 0; i < n; ++i) c = g_table[(c ^ bytes[i]) & 255] ^ (c >> 8);
  return ~c;
}

inline void sort(int* a, int n) {
  if (n < 2) return;
  const int pivot = a[n / 2];
  int i = 0, j = n - 1;
  while (i <= j) {
    while (a[i] < pivot) ++i;
    while (a[j] > pivot) --j;
    if (i <= j) {
      const int t = a[i];
      a[i++] = a[j];
      a[j--] = t;
    }
  }
  sort(a, j + 1);
  sort(a + i, n - i);
}

inline s64 dispatch(int op, s64 a, s64 b) {
  switch (op) {
    case 0: return static_cast<s64>(static_cast<u64>(a) + static_cast<u64>(b));
    case 1: return static_cast<s64>(static_cast<u64>(a) - static_cast<u64>(b));
    case 2: return static_cast<s64>(static_cast<u64>(a) * static_cast<u64>(b));
    case 3: return b ? a / b : -1;
    case 4: return b ? a % b : a;
    case 5: return static_cast<s64>(static_cast<u64>(a) / (static_cast<u64>(b) | 1));
    case 6: return a >> (b & 31);
    case 7: return static_cast<int>(a) / (static_cast<int>(b) | 1);
    default: return a ^ b;
  }
}

inline u64 bits(double x) {
  u64 b;
  __builtin_memcpy(&b, &x, 8);
  return b;
}
inline u32 bits(float x) {
  u32 b;
  __builtin_memcpy(&b, &x, 4);
  return b;
}

// Writes `n` result words; out and seed are all that a program knows.
inline int run_all(u64* out, u64 seed) {
  int n = 0;
  u64 state = seed;
  const auto random = [&] {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
  };
  u8 bytes[200];
  for (u8& b : bytes) b = static_cast<u8>(random());
  out[n++] = crc(bytes, 200);
  int numbers[100];
  for (int& x : numbers) x = static_cast<int>(random());
  sort(numbers, 100);
  for (int i = 0; i < 100; i += 9) out[n++] = static_cast<u64>(static_cast<s64>(numbers[i]));
  for (int i = 0; i < 45; ++i) {
    const s64 a = static_cast<s64>(random()), b = static_cast<s64>(random() >> (random() & 63));
    out[n++] = static_cast<u64>(dispatch(i % 9, a >> 1, b >> 1));
  }
  for (int i = 0; i < 8; ++i) {
    g_nodes[i].key = i * g_counter;
    g_nodes[i].next = i < 7 ? &g_nodes[i + 1] : nullptr;
  }
  u64 sum = 0;
  for (const Node* node = g_head; node; node = node->next) sum = sum * 31 + static_cast<u64>(node->key);
  out[n++] = sum;
  double x = static_cast<double>(random() >> 11) * 0x1p-53, polynomial = 0;
  for (const double c : kCoefficients) polynomial = polynomial * x + c;
  out[n++] = bits(polynomial);
  out[n++] = bits(__builtin_sqrt(x + 2) / (polynomial * polynomial + 1));
  float accumulator = 0;
  for (int i = 0; i < 50; ++i) {
    const float f = static_cast<float>(static_cast<int>(random())) * 1e-6f;
    accumulator += f * f - accumulator * 0.125f;
    if (accumulator > 1e6f) accumulator -= static_cast<float>(static_cast<int>(accumulator) % 1000);
  }
  out[n++] = bits(accumulator);
  out[n++] = static_cast<u64>(static_cast<s64>(accumulator));
  volatile _Float16 h = static_cast<_Float16>(1.5f);
  for (int i = 0; i < 40; ++i) {
    volatile _Float16 product = static_cast<_Float16>(h * static_cast<_Float16>(0.9f));
    h = static_cast<_Float16>(product + static_cast<_Float16>(static_cast<float>(random() & 1023) * 0.01f));
    out[n++] = bits(static_cast<float>(h));
  }
  return n;
}

}  // namespace programs
