// SPDX-License-Identifier: Apache-2.0
// Strategy: how many processes train together and how their gradients become one. Consulted in the
// backward pass, in the reduction of metrics, and wherever ranks wait for each other.
//
// Satisfied by: SingleDevice.
#pragma once

#include "lt/core/parts.hpp"
#include "lt/core/type_list.hpp"
#include "lt/tensor.hpp"

#include <concepts>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace lt {

/// A strategy knows its place among the ranks and carries gradients and values between them.
template <class S>
concept Strategy = std::same_as<family_of_t<S>, strategy_tag> &&
                   requires(S& strategy, const S& constant, const Tensor& tensor) {
                     { S::name } -> std::convertible_to<std::string_view>;
                     { S::is_distributed } -> std::convertible_to<bool>;
                     { constant.world_size() } -> std::same_as<std::int64_t>;
                     { constant.global_rank() } -> std::same_as<std::int64_t>;
                     { constant.local_rank() } -> std::same_as<std::int64_t>;
                     strategy.setup_environment(Device(c10::kCPU));
                     strategy.backward(tensor);    // gradients are reduced as they come
                     strategy.no_backward_sync();  // guard: gradients stay on their rank
                     strategy.barrier(std::string_view("name"));
                     { strategy.all_gather(tensor) } -> std::same_as<Tensor>;
                     strategy.teardown();
                   };

namespace archetype {
/// The smallest legal strategy: one process that leaves everything to autograd.
struct Strategy {
  using policy_family = strategy_tag;
  static constexpr std::string_view name = "archetype";
  static constexpr bool is_distributed = false;
  struct Guard {
    ~Guard() {}  // a guard is used for its lifetime
  };

  std::int64_t world_size() const { return 1; }
  std::int64_t global_rank() const { return 0; }
  std::int64_t local_rank() const { return 0; }
  void setup_environment(Device) {}
  void backward(const Tensor& loss) { loss.backward(); }
  Guard no_backward_sync() { return {}; }
  void barrier(std::string_view) {}
  Tensor all_gather(const Tensor& tensor) { return tensor; }
  void teardown() {}
};
}  // namespace archetype

namespace strategy {
class SingleDevice;
/// All strategies, the preferred first.
using all = type_list<SingleDevice>;
}  // namespace strategy

}  // namespace lt
