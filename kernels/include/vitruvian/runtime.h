// The library functions that a freestanding compiler may call. Weak, one copy in each object; unused ones are dropped by the link.
#pragma once

#include <cstddef>
#include <cstdint>

extern "C" {

__attribute__((weak, used, noinline)) void* memcpy(void* to, const void* from, size_t bytes) {
  auto* d = static_cast<unsigned char*>(to);
  auto* s = static_cast<const unsigned char*>(from);
  if (((reinterpret_cast<uintptr_t>(d) | reinterpret_cast<uintptr_t>(s)) & 7) == 0)
    for (; bytes >= 8; bytes -= 8, d += 8, s += 8)
      *reinterpret_cast<volatile uint64_t*>(d) = *reinterpret_cast<const uint64_t*>(s);
  for (; bytes; --bytes) *reinterpret_cast<volatile unsigned char*>(d++) = *s++;
  return to;
}

__attribute__((weak, used, noinline)) void* memset(void* to, int value, size_t bytes) {
  auto* d = static_cast<unsigned char*>(to);
  const uint64_t word = 0x0101010101010101ull * static_cast<unsigned char>(value);
  if ((reinterpret_cast<uintptr_t>(d) & 7) == 0)
    for (; bytes >= 8; bytes -= 8, d += 8) *reinterpret_cast<volatile uint64_t*>(d) = word;
  for (; bytes; --bytes) *reinterpret_cast<volatile unsigned char*>(d++) = static_cast<unsigned char>(value);
  return to;
}

__attribute__((weak, used, noinline)) void* memmove(void* to, const void* from, size_t bytes) {
  auto* d = static_cast<unsigned char*>(to);
  auto* s = static_cast<const unsigned char*>(from);
  if (d <= s) return memcpy(to, from, bytes);
  while (bytes) {
    --bytes;
    *reinterpret_cast<volatile unsigned char*>(d + bytes) = s[bytes];
  }
  return to;
}

__attribute__((weak, used, noinline)) int memcmp(const void* left, const void* right, size_t bytes) {
  auto* a = static_cast<const unsigned char*>(left);
  auto* b = static_cast<const unsigned char*>(right);
  for (; bytes; --bytes, ++a, ++b)
    if (*a != *b) return *a < *b ? -1 : 1;
  return 0;
}

__attribute__((weak, used, noinline)) void __cxa_pure_virtual() { vitruvian_stop(); }
__attribute__((weak, used)) int __cxa_atexit(void (*)(void*), void*, void*) { return 0; }

}  // extern "C"

__attribute__((weak)) void* __dso_handle = nullptr;
