// SPDX-License-Identifier: Apache-2.0
// Environment: which launcher has started this process, and which rank that makes it. Consulted
// once, when a strategy of several ranks joins them.
//
// Satisfied by: Local, TorchElastic, Slurm, Lsf, Mpi, Kubeflow.
#pragma once

#include "lt/core/parts.hpp"
#include "lt/core/type_list.hpp"
#include "lt/distributed/rank_place.hpp"

#include <concepts>
#include <string_view>

namespace lt {

/// An environment finds out whether its launcher is at work and what it says of this process.
template <class E>
concept Environment = std::same_as<family_of_t<E>, environment_tag> && requires(const E& constant) {
  { E::name } -> std::convertible_to<std::string_view>;
  { E::detect() } -> std::same_as<bool>;
  { constant.place() } -> std::same_as<RankPlace>;  // lt::ConfigError if something is amiss
};

namespace archetype {
/// The smallest legal environment: one process by itself.
struct Environment {
  using policy_family = environment_tag;
  static constexpr std::string_view name = "archetype";

  static bool detect() { return false; }
  RankPlace place() const { return {}; }
};
}  // namespace archetype

namespace environment {
class Local;
class TorchElastic;
class Slurm;
class Lsf;
class Mpi;
class Kubeflow;
/// All environments, in the order in which they are looked for. A launcher inside another's
/// allocation stands before it.
using all = type_list<Local, TorchElastic, Slurm, Lsf, Mpi, Kubeflow>;
}  // namespace environment

}  // namespace lt
