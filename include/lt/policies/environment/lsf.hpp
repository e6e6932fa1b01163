// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lt/distributed/variables.hpp"
#include "lt/policies/environment.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace lt::environment {

/// `jsrun program` under IBM's LSF. Source: Lightning, plugins/environments/lsf.py.
class Lsf {
 public:
  using policy_family = environment_tag;
  static constexpr std::string_view name = "lsf";

  static bool detect() {
    return distributed::has_variable("LSB_JOBID") &&
           distributed::has_variable("LSB_DJOB_RANKFILE") &&
           distributed::has_variable("JSM_NAMESPACE_LOCAL_RANK") &&
           distributed::has_variable("JSM_NAMESPACE_SIZE");
  }

  /// Errors: lt::ConfigError (E513).
  RankPlace place() const {
    RankPlace place;
    place.world_size = distributed::needed_number("JSM_NAMESPACE_SIZE", "jsrun");
    place.global_rank = distributed::needed_number("JSM_NAMESPACE_RANK", "jsrun");
    place.local_rank = distributed::needed_number("JSM_NAMESPACE_LOCAL_RANK", "jsrun");
    const std::vector<std::string> hosts = machines();
    place.main_address = hosts.front();
    const auto own = std::find(hosts.begin(), hosts.end(), host_name());
    place.node_rank = own == hosts.end() ? 0 : own - hosts.begin();
    place.main_port = distributed::port_variable("MASTER_PORT").value_or(job_port());
    return place;
  }

 private:
  // The rank file's first line is the machine from which the job was sent.
  static std::vector<std::string> machines() {
    const std::string path = distributed::variable("LSB_DJOB_RANKFILE").value_or("");
    std::ifstream file(path);
    std::vector<std::string> hosts;
    std::string line;
    std::getline(file, line);
    while (std::getline(file, line)) {
      if (!line.empty() && std::find(hosts.begin(), hosts.end(), line) == hosts.end()) {
        hosts.push_back(line);
      }
    }
    if (hosts.empty()) {
      throw ConfigError(text("lt[E519] LSB_DJOB_RANKFILE = \"", path,
                             "\" names no machine that computes; expected a file with a line for "
                             "each rank behind that of the machine from which the job was sent"));
    }
    return hosts;
  }
  static std::string host_name() {
    std::array<char, 256> host{};
    ::gethostname(host.data(), host.size() - 1);
    return host.data();
  }
  static std::uint16_t job_port() {
    return static_cast<std::uint16_t>(
        10000 + distributed::needed_number("LSB_JOBID", "LSF") % 1000);
  }
};

}  // namespace lt::environment
