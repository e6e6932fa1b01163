// SPDX-License-Identifier: Apache-2.0
// Which launcher has started this process.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/core/text.hpp"
#include "lt/policies/environment/kubeflow.hpp"
#include "lt/policies/environment/local.hpp"
#include "lt/policies/environment/lsf.hpp"
#include "lt/policies/environment/mpi.hpp"
#include "lt/policies/environment/slurm.hpp"
#include "lt/policies/environment/torchelastic.hpp"

#include <optional>
#include <string_view>

namespace lt::environment {

/// What a launcher has said, and which.
struct Found {
  std::string_view name;
  RankPlace place;
};

namespace detail {
/// Errors: lt::ConfigError (E521) for a rank beyond the world.
inline RankPlace checked_place(RankPlace place, std::string_view name) {
  if (place.world_size < 1 || place.global_rank < 0 || place.global_rank >= place.world_size) {
    throw ConfigError(text("lt[E521] ", name, ": this is rank ", place.global_rank, " of ",
                           place.world_size,
                           "; expected a rank from 0 to the number of ranks minus 1"));
  }
  return place;
}
template <class... Es>
std::optional<Found> first_of(type_list<Es...>) {
  std::optional<Found> found;
  ((!found && Es::detect() ? void(found = Found{Es::name, checked_place(Es{}.place(), Es::name)})
                           : void()),
   ...);
  return found;
}
}  // namespace detail

/// The first environment of `environment::all` whose launcher is at work; nothing in a process that
/// was started by hand.
inline std::optional<Found> detect() { return detail::first_of(all{}); }

}  // namespace lt::environment
