// SPDX-License-Identifier: Apache-2.0
// Accelerator: the device on which a rank works. Consulted when the model is set up and for each
// batch that moves to the device.
//
// Satisfied by: Cpu, Mps, CudaOn (Cuda).
#pragma once

#include "lt/core/parts.hpp"
#include "lt/core/type_list.hpp"
#include "lt/tensor.hpp"

#include <concepts>
#include <string_view>
#include <type_traits>

namespace lt {

/// An accelerator names a device and says whether it is there.
template <class A>
concept Accelerator =
    std::same_as<family_of_t<A>, accelerator_tag> && requires(A& accelerator, const A& constant) {
      { A::name } -> std::convertible_to<std::string_view>;
      { A::is_host } -> std::convertible_to<bool>;  // batches need no move
      { A::is_available() } -> std::same_as<bool>;
      { constant.device() } -> std::same_as<Device>;
      accelerator.setup();
      accelerator.teardown();
    };

namespace archetype {
/// The smallest legal accelerator: the host itself.
struct Accelerator {
  using policy_family = accelerator_tag;
  static constexpr std::string_view name = "archetype";
  static constexpr bool is_host = true;

  static bool is_available() { return true; }
  Device device() const { return Device(c10::kCPU); }
  void setup() {}
  void teardown() {}
};
}  // namespace archetype

namespace accelerator {
class Cpu;
class Mps;
/// All accelerators without arguments, the preferred first; Cuda is CudaOn<cuda::Runtime>.
using all = type_list<Mps, Cpu>;
}  // namespace accelerator

}  // namespace lt
