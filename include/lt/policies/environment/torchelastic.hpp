// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lt/distributed/variables.hpp"
#include "lt/policies/environment.hpp"

namespace lt::environment {

namespace detail {
/// The variables that torchrun, lt's launcher and Kubeflow's operators have in common.
inline RankPlace place_of_torchrun(std::string_view launcher) {
  RankPlace place;
  place.world_size = distributed::needed_number("WORLD_SIZE", launcher);
  place.global_rank = distributed::needed_number("RANK", launcher);
  place.local_rank = distributed::number_variable("LOCAL_RANK").value_or(0);
  place.local_world_size = distributed::number_variable("LOCAL_WORLD_SIZE").value_or(0);
  place.node_rank = distributed::number_variable("GROUP_RANK").value_or(0);
  place.main_address = distributed::variable("MASTER_ADDR").value_or("127.0.0.1");
  place.main_port = distributed::port_variable("MASTER_PORT").value_or(distributed::default_port);
  place.attempt = distributed::number_variable("TORCHELASTIC_RESTART_COUNT").value_or(0);
  return place;
}
}  // namespace detail

/// `torchrun --no-python program`, and what starts processes as it does.
/// Source: Lightning, plugins/environments/torchelastic.py; torch/distributed/rendezvous.py.
class TorchElastic {
 public:
  using policy_family = environment_tag;
  static constexpr std::string_view name = "torchelastic";

  static bool detect() { return distributed::has_variable("TORCHELASTIC_RUN_ID"); }
  RankPlace place() const {
    RankPlace place = detail::place_of_torchrun("torchrun");
    // The agent of the first machine serves a store that outlives its workers.
    place.store_is_served =
        distributed::variable("TORCHELASTIC_USE_AGENT_STORE").value_or("False") == "True";
    return place;
  }
};

}  // namespace lt::environment
