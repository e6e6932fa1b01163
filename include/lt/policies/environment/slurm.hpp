// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lt/distributed/variables.hpp"
#include "lt/policies/environment.hpp"

#include <algorithm>
#include <string>
#include <string_view>

namespace lt::environment {

/// `srun program`. Source: Lightning, plugins/environments/slurm.py; SLURM's srun(1), *OUTPUT
/// ENVIRONMENT VARIABLES*.
class Slurm {
 public:
  using policy_family = environment_tag;
  static constexpr std::string_view name = "slurm";

  /// Not in an interactive shell, whose variables describe the shell.
  static bool detect() {
    const std::string job = distributed::variable("SLURM_JOB_NAME").value_or("");
    return distributed::has_variable("SLURM_NTASKS") && job != "bash" && job != "interactive";
  }

  /// Errors: lt::ConfigError (E513).
  RankPlace place() const {
    RankPlace place;
    place.world_size = distributed::needed_number("SLURM_NTASKS", "srun");
    place.global_rank = distributed::needed_number("SLURM_PROCID", "srun");
    place.local_rank = distributed::needed_number("SLURM_LOCALID", "srun");
    place.node_rank = distributed::number_variable("SLURM_NODEID").value_or(0);
    place.local_world_size = distributed::number_variable("SLURM_NTASKS_PER_NODE").value_or(0);
    place.attempt = distributed::number_variable("SLURM_RESTART_COUNT").value_or(0);
    place.main_address = address();
    place.main_port = port();
    return place;
  }

  /// The first machine of a list in SLURM's notation: "node[03-07,12],login" is "node03".
  static std::string first_host(std::string_view list) {
    std::string host;
    bool in_brackets = false;
    bool first = true;  // the first number within the brackets
    for (const char c : list) {
      if (c == '[' || c == ']') {
        in_brackets = c == '[';
      } else if (c == ',' || c == ' ') {
        if (!in_brackets) {
          break;
        }
        first = false;
      } else if (in_brackets && c == '-') {
        first = false;
      } else if (!in_brackets || first) {
        host += c;
      }
    }
    return host;
  }

 private:
  static std::string address() {
    if (const auto given = distributed::variable("MASTER_ADDR")) {
      return *given;
    }
    const auto list = distributed::variable("SLURM_NODELIST");
    return list ? first_host(*list) : "127.0.0.1";
  }
  // The same on all ranks of a job, and seldom that of another job.
  static std::uint16_t port() {
    if (const auto given = distributed::port_variable("MASTER_PORT")) {
      return *given;
    }
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    const std::string job = distributed::variable("SLURM_JOB_ID").value_or("");
    if (job.empty() || !std::all_of(job.begin(), job.end(), is_digit)) {
      return distributed::default_port;
    }
    const std::string last = job.substr(job.size() < 4 ? 0 : job.size() - 4);
    return static_cast<std::uint16_t>(15000 + std::stoi(last));
  }
};

}  // namespace lt::environment
