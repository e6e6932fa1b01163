// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lt/policies/environment/torchelastic.hpp"

namespace lt::environment {

/// lt's own launcher (`lt::launch`, `Ddp{{.devices = n}}`): torchrun's variables, and LT_LAUNCHED,
/// by which its ranks know it.
class Local {
 public:
  using policy_family = environment_tag;
  static constexpr std::string_view name = "local";

  static bool detect() { return distributed::has_variable("LT_LAUNCHED"); }
  RankPlace place() const {
    RankPlace place = detail::place_of_torchrun("lt::launch");
    const auto socket = distributed::number_variable("LT_STORE_SOCKET");
    place.listen_socket = socket ? static_cast<int>(*socket) : -1;
    return place;
  }
};

}  // namespace lt::environment
