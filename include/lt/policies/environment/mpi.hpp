// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lt/distributed/variables.hpp"
#include "lt/policies/environment.hpp"

#include <unistd.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace lt::environment {

/// `mpirun program` of Open MPI, MPICH or Intel MPI, by their variables: MPI itself is not used and
/// not linked. On several machines MASTER_ADDR must name the first.
/// Source: Open MPI's mpirun(1), *Exported Environment Variables*; MPICH's Hydra.
class Mpi {
 public:
  using policy_family = environment_tag;
  static constexpr std::string_view name = "mpi";

  static bool detect() {
    return distributed::has_variable("OMPI_COMM_WORLD_RANK") ||
           (distributed::has_variable("PMI_RANK") && distributed::has_variable("PMI_SIZE"));
  }

  /// Errors: lt::ConfigError (E513), also for several machines without MASTER_ADDR.
  RankPlace place() const {
    const bool open = distributed::has_variable("OMPI_COMM_WORLD_RANK");
    const auto number = [&](const char* of_open, const char* of_others) {
      return distributed::number_variable(open ? of_open : of_others);
    };
    RankPlace place;
    place.world_size = number("OMPI_COMM_WORLD_SIZE", "PMI_SIZE").value_or(1);
    place.global_rank = number("OMPI_COMM_WORLD_RANK", "PMI_RANK").value_or(0);
    place.local_rank =
        number("OMPI_COMM_WORLD_LOCAL_RANK", "MPI_LOCALRANKID").value_or(place.global_rank);
    place.local_world_size =
        number("OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS").value_or(place.world_size);
    const bool one_machine = place.local_world_size >= place.world_size;
    place.node_rank = one_machine ? 0 : place.global_rank / place.local_world_size;
    place.main_address = address(one_machine);
    place.main_port = distributed::port_variable("MASTER_PORT").value_or(port(one_machine));
    return place;
  }

 private:
  static std::string address(bool one_machine) {
    if (const auto given = distributed::variable("MASTER_ADDR")) {
      return *given;
    }
    if (!one_machine) {
      throw ConfigError(
          "lt[E520] MASTER_ADDR is not in the environment, and mpirun has started ranks on several "
          "machines; expected the address of the first, as in `mpirun -x MASTER_ADDR=node1`");
    }
    return "127.0.0.1";
  }
  // On one machine all ranks are children of one process; no two jobs have the same.
  static std::uint16_t port(bool one_machine) {
    constexpr int first = 20000;
    constexpr int count = 10000;
    return one_machine ? static_cast<std::uint16_t>(first + ::getppid() % count)
                       : distributed::default_port;
  }
};

}  // namespace lt::environment
