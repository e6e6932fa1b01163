// SPDX-License-Identifier: Apache-2.0
// A limit for the memory of tensors on the CPU, where the machine itself would swap, or kill the
// program, instead of saying that there is no more.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/core/text.hpp"

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <new>
#include <utility>

namespace lt {

namespace detail {

/// What one budget counts. Blocks that outlive the budget keep it.
struct MemoryAccount {
  std::int64_t limit = 0;
  std::atomic<std::int64_t> used{0};
  std::atomic<std::int64_t> peak{0};

  void take(std::int64_t bytes) {
    const std::int64_t now = used += bytes;
    if (now > limit) {
      used -= bytes;
      throw Error(text("[memory_budget = ", limit,
                       "] DefaultCPUAllocator: can't allocate memory: "
                       "you tried to allocate ",
                       bytes, " bytes beside ", now - bytes));
    }
    for (std::int64_t known = peak; known < now && !peak.compare_exchange_weak(known, now);) {
    }
  }
};

/// LibTorch's CPU allocator with an account. A header in front of each block remembers whose it is,
/// since blocks are freed long after a budget has ended, by whoever holds them.
class CountingAllocator final : public c10::Allocator {
 public:
  // Tensors keep a pointer to their allocator, so it lives as long as the program.
  static CountingAllocator& instance() {
    static CountingAllocator* const allocator = new CountingAllocator(c10::GetCPUAllocator());
    return *allocator;
  }

  c10::DataPtr allocate(std::size_t bytes) override {
    if (bytes == 0) {
      return {nullptr, nullptr, &release, c10::Device(c10::kCPU)};
    }
    const auto account = charged();
    if (account) {
      account->take(static_cast<std::int64_t>(bytes));
    }
    void* base = nullptr;
    try {
      base = inner_->raw_allocate(bytes + header_bytes);
    } catch (...) {
      if (account) {
        account->used -= static_cast<std::int64_t>(bytes);
      }
      throw;
    }
    new (base) Header{account, static_cast<std::int64_t>(bytes), inner_};
    void* data = static_cast<std::byte*>(base) + header_bytes;
    return {data, data, &release, c10::Device(c10::kCPU)};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &release; }
  void copy_data(void* to, const void* from, std::size_t bytes) const override {
    default_copy_data(to, from, bytes);
  }

  /// Blocks are charged to `account` from now on; null: to nobody.
  void charge(std::shared_ptr<MemoryAccount> account) {
    const std::lock_guard lock(mutex_);
    account_ = std::move(account);
  }

 private:
  struct Header {
    std::shared_ptr<MemoryAccount> account;
    std::int64_t bytes;
    c10::Allocator* inner;
  };
  static constexpr std::size_t header_bytes = 64;  // the alignment of tensors
  static_assert(sizeof(Header) <= header_bytes);

  explicit CountingAllocator(c10::Allocator* inner) : inner_(inner) {}

  std::shared_ptr<MemoryAccount> charged() {
    const std::lock_guard lock(mutex_);
    return account_;
  }

  static void release(void* data) {
    if (data == nullptr) {
      return;
    }
    void* base = static_cast<std::byte*>(data) - header_bytes;
    auto* header = static_cast<Header*>(base);
    if (header->account) {
      header->account->used -= header->bytes;
    }
    c10::Allocator* inner = header->inner;
    header->~Header();
    inner->raw_deallocate(base);
  }

  c10::Allocator* inner_;
  std::mutex mutex_;
  std::shared_ptr<MemoryAccount> account_;
};

}  // namespace detail

/// While it lives, the tensors on the CPU that are made after it may occupy `bytes` together. What
/// goes beyond throws, with the text of LibTorch's own error. One at a time; it holds for all
/// threads. Memory that libraries take elsewhere is not seen.
class CpuMemoryBudget {
 public:
  explicit CpuMemoryBudget(std::int64_t bytes)
      : before_(c10::GetCPUAllocator()), account_(std::make_shared<detail::MemoryAccount>()) {
    account_->limit = bytes;
    auto& allocator = detail::CountingAllocator::instance();
    allocator.charge(account_);
    c10::SetCPUAllocator(&allocator, priority);
  }
  ~CpuMemoryBudget() {
    detail::CountingAllocator::instance().charge(nullptr);
    c10::SetCPUAllocator(before_, priority);
  }
  CpuMemoryBudget(const CpuMemoryBudget&) = delete;
  CpuMemoryBudget& operator=(const CpuMemoryBudget&) = delete;

  /// Bytes in use now, and at most so far.
  std::int64_t used() const { return account_->used; }
  std::int64_t peak() const { return account_->peak; }

 private:
  static constexpr std::uint8_t priority = 255;  // a lower one would be ignored

  c10::Allocator* before_;
  std::shared_ptr<detail::MemoryAccount> account_;
};

}  // namespace lt
