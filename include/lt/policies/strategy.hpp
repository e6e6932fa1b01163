// SPDX-License-Identifier: Apache-2.0
// Strategy: how many processes train together and how their gradients become one. Consulted in the
// backward pass, in the reduction of metrics, and wherever ranks wait for each other.
//
// Satisfied by: SingleDevice, DdpOn (Ddp).
#pragma once

#include "lt/core/parts.hpp"
#include "lt/core/type_list.hpp"
#include "lt/tensor.hpp"

#include <concepts>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace lt {

/// How the values of all ranks become one.
enum class ReduceOp : std::uint8_t { mean, sum, min, max, product };

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
                     strategy.no_backward_sync(true);  // guard: gradients stay on their rank if so
                     strategy.barrier(std::string_view("name"));
                     // Among ranks; with several of them all_gather adds a first dimension.
                     { strategy.all_gather(tensor) } -> std::same_as<Tensor>;
                     { strategy.all_reduce(tensor, ReduceOp::mean) } -> std::same_as<Tensor>;
                     { strategy.broadcast(tensor, std::int64_t{0}) } -> std::same_as<Tensor>;
                     strategy.teardown();
                     // A model that trains, and its passes (any type will do).
                     strategy.setup_module(strategy, true);
                     strategy.before_forward(strategy);
                     strategy.prepare_backward(strategy, std::span<const Tensor>());
                     strategy.run_backward([] {});
                     // Decisions that all ranks make together.
                     { strategy.decide(true, true) } -> std::same_as<bool>;
                     { strategy.broadcast_text(std::string()) } -> std::same_as<std::string>;
                     strategy.agree(std::string_view("what"), std::string_view("own"));
                     { constant.pads_evaluation() } -> std::same_as<bool>;
                     { constant.description() } -> std::convertible_to<std::string>;
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
  Guard no_backward_sync(bool /*enabled*/ = true) { return {}; }
  void barrier(std::string_view) {}
  Tensor all_gather(const Tensor& tensor) { return tensor; }
  Tensor all_reduce(const Tensor& tensor, ReduceOp) { return tensor; }
  Tensor broadcast(const Tensor& tensor, std::int64_t) { return tensor; }  // from that rank
  void teardown() {}

  template <class M>
  void setup_module(M&, bool /*trains*/) {}
  template <class M>
  void before_forward(const M&) {}
  template <class M>
  void prepare_backward(const M&, std::span<const Tensor> /*outputs*/) {}
  template <class F>
  void run_backward(F&& backward) {
    std::forward<F>(backward)();
  }
  bool decide(bool mine, bool /*all*/) { return mine; }
  std::string broadcast_text(std::string own) { return own; }
  void agree(std::string_view /*what*/, std::string_view /*own*/) {}
  bool pads_evaluation() const { return true; }
  std::string description() const { return {}; }
};
}  // namespace archetype

namespace strategy {
class SingleDevice;
/// All strategies without arguments, the preferred first; Ddp is DdpOn<backend::Gloo>.
using all = type_list<SingleDevice>;
}  // namespace strategy

}  // namespace lt
