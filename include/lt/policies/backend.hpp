// SPDX-License-Identifier: Apache-2.0
// Backend: what carries tensors between ranks, one of c10d's. Consulted once, when ranks join.
//
// Satisfied by: Gloo, Dry, and Nccl, which needs CUDA's headers (lt/nccl.hpp).
#pragma once

#include "lt/core/type_list.hpp"
#include "lt/tensor.hpp"

#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>
#include <torch/csrc/distributed/c10d/Store.hpp>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <string_view>

namespace lt {

/// A backend makes c10d's object for one rank of a group. One whose work goes on behind the calls, on
/// a device, says `static constexpr bool returns_early = true`.
template <class B>
concept Backend = requires(const c10::intrusive_ptr<c10d::Store>& store) {
  { B::name } -> std::convertible_to<std::string_view>;
  { B::type } -> std::convertible_to<c10d::ProcessGroup::BackendType>;
  { B::device } -> std::convertible_to<c10::DeviceType>;  // whose tensors it takes
  { B::averages } -> std::convertible_to<bool>;           // or sums, and leaves the division to us
  { B::connects } -> std::convertible_to<bool>;           // false: no other rank need be there
  {
    B::make(store, std::int64_t{0}, std::int64_t{1}, std::chrono::milliseconds(1000))
  } -> std::convertible_to<c10::intrusive_ptr<c10d::Backend>>;  // store, rank, ranks, time-out
};

namespace backend {
class Gloo;
class Dry;
/// All backends, the preferred first.
using all = type_list<Gloo, Dry>;
}  // namespace backend

}  // namespace lt
