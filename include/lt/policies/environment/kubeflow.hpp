// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lt/policies/environment/torchelastic.hpp"

namespace lt::environment {

/// RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT, one process for each machine: Kubeflow's
/// operators, or variables set by hand. Looked for last.
/// Source: Lightning, plugins/environments/kubeflow.py.
class Kubeflow {
 public:
  using policy_family = environment_tag;
  static constexpr std::string_view name = "kubeflow";

  static bool detect() {
    return distributed::has_variable("RANK") && distributed::has_variable("WORLD_SIZE") &&
           distributed::has_variable("MASTER_ADDR") && distributed::has_variable("MASTER_PORT");
  }
  RankPlace place() const {
    RankPlace place = detail::place_of_torchrun("the operator");
    place.node_rank = distributed::number_variable("GROUP_RANK").value_or(place.global_rank);
    return place;
  }
};

}  // namespace lt::environment
