// SPDX-License-Identifier: Apache-2.0
// The ranks that train together: c10d's process group, with collectives on single tensors whose
// errors name the rank, the operation and what is known of the others.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/core/text.hpp"
#include "lt/distributed/peers.hpp"
#include "lt/distributed/rank_place.hpp"
#include "lt/distributed/store.hpp"
#include "lt/policies/backend.hpp"
#include "lt/policies/strategy.hpp"

#include <ATen/ops/empty_ops.h>
#include <ATen/ops/stack_ops.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace lt::distributed {

class Group {
 public:
  /// Joins the others at a store. The keys are those of Python's `init_process_group`, so ranks of
  /// both may be in one group.
  /// Errors: lt::DistributedError (E511).
  template <Backend B>
  static Group join(const RankPlace& place, c10::intrusive_ptr<c10d::Store> store,
                    std::chrono::milliseconds timeout, Device device = Device(B::device)) {
    Group group(place, std::move(store), timeout, B::averages);
    group.device_ = device;
    if constexpr (requires { B::returns_early; }) {
      group.returns_early_ = B::returns_early;
    }
    group.guarded("join", [&] { group.template connect<B>(); });
    return group;
  }

  const RankPlace& place() const { return place_; }
  const c10::intrusive_ptr<c10d::ProcessGroup>& handle() const { return handle_; }

  /// Calls `f()`, which uses the group. Errors: lt::DistributedError (E511) for whatever it throws,
  /// but for an error of `lt` itself.
  template <class F>
  decltype(auto) guarded(std::string_view operation, F&& f) const {
    try {
      return std::forward<F>(f)();
    } catch (const Error&) {
      throw;
    } catch (const std::exception& error) {
      fail(operation, error);
    }
  }

  void barrier(std::string_view name) {
    c10d::BarrierOptions options;
    if (!device_.is_cpu()) {
      options.device = device_;
    }
    guarded(name, [&] { finish(handle_->barrier(options)); });
  }

  /// The tensors of all ranks, of one shape and type, along a new first dimension.
  Tensor all_gather(const Tensor& tensor) {
    const Tensor own = there(tensor.detach().contiguous());
    std::vector<Tensor> all;
    for (std::int64_t i = 0; i < place_.world_size; ++i) {
      all.push_back(empty_like(own));
    }
    std::vector<std::vector<Tensor>> outputs = {all};
    std::vector<Tensor> inputs = {own};
    guarded("all_gather", [&] { finish(handle_->allgather(outputs, inputs)); });
    return at::_ops::stack::call(all, 0).to(tensor.device());
  }

  Tensor all_reduce(const Tensor& tensor, ReduceOp op) {
    Tensor result = there(tensor.detach().clone().contiguous());
    reduce_(result, op);
    return result.to(tensor.device());
  }

  /// The tensor as rank `src` has it; the others bring one of its shape and type.
  Tensor broadcast(const Tensor& tensor, std::int64_t src) {
    if (src < 0 || src >= place_.world_size) {
      throw ConfigError(text("lt[E525] broadcast from rank ", src, "; expected a rank from 0 to ",
                             place_.world_size - 1));
    }
    Tensor result = there(tensor.detach().clone().contiguous());
    std::vector<Tensor> tensors = {result};
    c10d::BroadcastOptions options;
    options.rootRank = src;
    guarded("broadcast", [&] { finish(handle_->broadcast(tensors, options)); });
    return result.to(tensor.device());
  }

  bool decide(bool mine, bool all) {
    Tensor votes = empty(1);
    *votes.mutable_data_ptr<std::int64_t>() = mine ? 1 : 0;
    votes = all_reduce(votes, ReduceOp::sum);
    const std::int64_t count = *votes.const_data_ptr<std::int64_t>();
    return all ? count == place_.world_size : count > 0;
  }

  std::string broadcast_text(const std::string& own) {
    Tensor length = empty(1);
    *length.mutable_data_ptr<std::int64_t>() = static_cast<std::int64_t>(own.size());
    length = broadcast(length, 0);
    const auto size = static_cast<std::size_t>(*length.const_data_ptr<std::int64_t>());
    return unpacked(broadcast(packed(own.substr(0, size), size), 0), size);
  }

  /// Errors: lt::DistributedError (E512) on all ranks if the text of one differs from rank zero's.
  void agree(std::string_view what, std::string_view own) {
    Tensor key = empty(2);
    key.mutable_data_ptr<std::int64_t>()[0] = digest(own);
    key.mutable_data_ptr<std::int64_t>()[1] = static_cast<std::int64_t>(own.size());
    const Tensor keys = all_gather(key);
    const std::int64_t* found = keys.const_data_ptr<std::int64_t>();
    std::size_t longest = 0;
    bool equal = true;
    for (std::int64_t i = 0; i < place_.world_size; ++i) {
      equal = equal && std::equal(found, found + 2, found + 2 * i);
      longest = std::max(longest, static_cast<std::size_t>(found[2 * i + 1]));
    }
    if (!equal) {
      const Tensor texts = all_gather(packed(own, longest));
      const auto text_of = [&](std::int64_t rank) {
        const auto* data = reinterpret_cast<const char*>(texts.const_data_ptr<std::uint8_t>());
        return std::string(data + static_cast<std::size_t>(rank) * longest,
                           static_cast<std::size_t>(found[2 * rank + 1]));
      };
      for (std::int64_t rank = 1; rank < place_.world_size; ++rank) {
        tell_apart(what, rank, text_of(rank), text_of(0));
      }
    }
  }

 private:
  Group(const RankPlace& place, c10::intrusive_ptr<c10d::Store> store,
        std::chrono::milliseconds timeout, bool averages)
      : place_(place), store_(std::move(store)), timeout_(timeout), averages_(averages) {}

  template <Backend B>
  void connect() {
    const auto rank = static_cast<int>(place_.global_rank);
    const auto size = static_cast<int>(place_.world_size);
    if (B::connects && size > 1) {
      peers_.emplace(place_, store_);
    }
    // Source: torch/distributed/distributed_c10d.py, `init_process_group` and
    // `_new_process_group_helper`.
    auto all = c10::make_intrusive<c10d::PrefixStore>("default_pg", store_);
    auto group = c10::make_intrusive<c10d::PrefixStore>("0/", all);
    auto own =
        c10::make_intrusive<c10d::PrefixStore>(B::device == c10::kCPU ? "cpu/" : "cuda/", group);
    handle_ = c10::make_intrusive<c10d::ProcessGroup>(group, rank, size);
    handle_->setBackend(B::device, B::type, B::make(own, rank, size, timeout_));
    handle_->setDefaultBackend(B::type);
    handle_->setGroupName("0");
    if (!device_.is_cpu()) {
      handle_->setBoundDeviceId(device_);  // NCCL would guess from the rank otherwise
    }
  }

  [[noreturn]] void fail(std::string_view operation, const std::exception& error) const {
    // Ranks notice a failure at about the same time, unless they wait for different operations.
    const auto patience = std::min<std::chrono::milliseconds>(timeout_, std::chrono::seconds(2));
    throw DistributedError(
        text("lt[E511] rank ", place_.global_rank, " of ", place_.world_size, ": ", operation,
             " failed: ", peers_ ? peers_->explain(operation, patience) + " " : "", "(",
             first_line(error.what()), ")"));
  }

  // Where the backend takes tensors; results go back to where the tensor came from.
  Tensor there(const Tensor& tensor) const {
    return tensor.device().type() == device_.type() ? tensor : tensor.to(device_);
  }

  // Work on a device is only given to it when the call returns. These exchanges are for the host to
  // decide by, which therefore asks until they are done, or the time is over.
  void finish(const c10::intrusive_ptr<c10d::Work>& work) const {
    if (returns_early_) {
      const auto end = std::chrono::steady_clock::now() + timeout_;
      while (!work->isCompleted()) {
        if (std::chrono::steady_clock::now() > end) {
          throw std::runtime_error(text("no answer within ", timeout_.count(), " ms"));
        }
        std::this_thread::sleep_for(std::chrono::microseconds(50));
      }
    }
    work->wait();
  }

  // In place. Gloo has no mean; whole numbers are divided as Lightning does, towards zero.
  void reduce_(Tensor& tensor, ReduceOp op) {
    c10d::AllreduceOptions options;
    const bool mean = op == ReduceOp::mean;
    options.reduceOp = op == ReduceOp::min       ? c10d::ReduceOp::MIN
                       : op == ReduceOp::max     ? c10d::ReduceOp::MAX
                       : op == ReduceOp::product ? c10d::ReduceOp::PRODUCT
                       : mean && averages_       ? c10d::ReduceOp::AVG
                                                 : c10d::ReduceOp::SUM;
    std::vector<Tensor> tensors = {tensor};
    guarded("all_reduce", [&] { finish(handle_->allreduce(tensors, options)); });
    if (mean && !averages_) {
      if (c10::isIntegralType(tensor.scalar_type(), /*includeBool=*/true)) {
        tensor.div_(place_.world_size, "trunc");
      } else {
        tensor.div_(place_.world_size);
      }
    }
  }

  static Tensor empty(std::int64_t count, c10::ScalarType type = c10::kLong) {
    return at::_ops::empty_memory_format::call({count}, type, {}, {}, {}, {});
  }
  static Tensor empty_like(const Tensor& tensor) {
    return at::_ops::empty_memory_format::call(tensor.sym_sizes(), tensor.scalar_type(), {},
                                               tensor.device(), {}, {});
  }
  // At least one byte: there is no exchange of nothing.
  static Tensor packed(std::string_view bytes, std::size_t size) {
    const std::size_t room = std::max<std::size_t>(size, 1);
    Tensor out = empty(static_cast<std::int64_t>(room), c10::kByte);
    std::memset(out.mutable_data_ptr<std::uint8_t>(), 0, room);
    std::memcpy(out.mutable_data_ptr<std::uint8_t>(), bytes.data(), std::min(bytes.size(), size));
    return out;
  }
  static std::string unpacked(const Tensor& bytes, std::size_t size) {
    return {reinterpret_cast<const char*>(bytes.const_data_ptr<std::uint8_t>()), size};
  }

  // FNV-1a; std::hash may differ between programs.
  static std::int64_t digest(std::string_view bytes) {
    std::uint64_t hash = 14695981039346656037u;
    for (const char c : bytes) {
      hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
    }
    return static_cast<std::int64_t>(hash);
  }

  // The first lines that differ.
  static void tell_apart(std::string_view what, std::int64_t rank, std::string_view other,
                         std::string_view zero) {
    if (other == zero) {
      return;
    }
    const auto differ = std::mismatch(other.begin(), other.end(), zero.begin(), zero.end());
    const auto line_at = [](std::string_view all, std::size_t at) {
      const std::size_t before = at == 0 ? all.npos : all.rfind('\n', at - 1);
      const std::size_t begin = before == all.npos ? 0 : before + 1;
      return std::string(all.substr(begin, all.find('\n', begin) - begin));
    };
    const auto at = static_cast<std::size_t>(differ.first - other.begin());
    throw DistributedError(text("lt[E512] ", what, ": rank ", rank, " has `", line_at(other, at),
                                "` and rank 0 has `", line_at(zero, at),
                                "`; expected the same on all ranks"));
  }

  RankPlace place_;
  c10::intrusive_ptr<c10d::Store> store_;
  std::chrono::milliseconds timeout_;
  bool averages_;
  Device device_ = Device(c10::kCPU);  // of the tensors that travel
  bool returns_early_ = false;
  std::optional<Peers> peers_;
  c10::intrusive_ptr<c10d::ProcessGroup> handle_;
};

}  // namespace lt::distributed
