// SPDX-License-Identifier: Apache-2.0
// Free lists by size. The C library's malloc searches and merges free blocks, which takes up to
// 2,000 instructions more or less per training step, depending on all that happened before.
// A unit of its own, so that the compiler cannot pair an inlined operator with one that it knows.
#include "heap.hpp"

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>

#include <bit>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>

namespace {

constexpr std::size_t header = 64;  // before each block; tensors want addresses divisible by 64

struct Block {
  std::size_t size_class;  // the block has 2^size_class bytes
  Block* next;
};

thread_local Block* free_blocks[64];
thread_local std::int64_t count = 0;

void* take(std::size_t size) {
  const auto size_class = static_cast<std::size_t>(std::bit_width(size | 63));
  Block*& first = free_blocks[size_class];
  Block* block = first;
  if (block != nullptr) {
    first = block->next;
  } else {
    block = static_cast<Block*>(std::aligned_alloc(header, header + (std::size_t{1} << size_class)));
    if (block == nullptr) {
      throw std::bad_alloc();
    }
    block->size_class = size_class;
  }
  return reinterpret_cast<std::byte*>(block) + header;
}

void give_back(void* memory) {
  if (memory != nullptr) {
    auto* block = reinterpret_cast<Block*>(static_cast<std::byte*>(memory) - header);
    block->next = free_blocks[block->size_class];
    free_blocks[block->size_class] = block;
  }
}

class TensorAllocator final : public c10::Allocator {
 public:
  c10::DataPtr allocate(std::size_t size) override {
    void* memory = size == 0 ? nullptr : take(size);
    return {memory, memory, &give_back, c10::Device(c10::DeviceType::CPU)};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &give_back; }
  void copy_data(void* to, const void* from, std::size_t size) const override {
    std::memcpy(to, from, size);
  }
};

}  // namespace

namespace heap {

std::int64_t allocations() { return count; }

void use_for_tensors() {
  static TensorAllocator allocator;
  c10::SetCPUAllocator(&allocator, /*priority=*/255);
}

}  // namespace heap

void* operator new(std::size_t size) {
  ++count;
  return take(size);
}
void operator delete(void* memory) noexcept { give_back(memory); }
void operator delete(void* memory, std::size_t) noexcept { give_back(memory); }

// Rare: alignments beyond 16 bytes.
void* operator new(std::size_t size, std::align_val_t alignment) {
  ++count;
  const auto align = static_cast<std::size_t>(alignment);
  if (void* memory = std::aligned_alloc(align, (size + align - 1) / align * align)) {
    return memory;
  }
  throw std::bad_alloc();
}
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
