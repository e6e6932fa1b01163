// SPDX-License-Identifier: Apache-2.0
// What each launcher says, read from its variables.
#include "lt/policies/environment/detect.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>

namespace {

// Variables of one test, and none of those that the test itself was started with.
class Variables {
 public:
  Variables(std::initializer_list<std::pair<const char*, const char*>> variables) {
    ::clearenv();
    for (const auto& [name, value] : variables) {
      ::setenv(name, value, 1);
    }
  }
  ~Variables() { ::clearenv(); }
};

std::string name_of(const std::optional<lt::environment::Found>& found) {
  return found ? std::string(found->name) : "none";
}

/// TASK=3 and MACHINES="node1 node2 ...": one rank on each machine.
class TaskList {
 public:
  using policy_family = lt::environment_tag;
  static constexpr std::string_view name = "task_list";

  static bool detect() { return lt::distributed::has_variable("MACHINES"); }

  lt::RankPlace place() const {
    lt::RankPlace place;
    place.global_rank = lt::distributed::needed_number("TASK", "the scheduler");
    place.node_rank = place.global_rank;
    place.local_world_size = 1;
    std::istringstream machines(lt::distributed::variable("MACHINES").value_or(""));
    machines >> place.main_address;  // the first serves the store
    for (std::string other; machines >> other;) {
      ++place.world_size;
    }
    place.main_port = 29500;
    return place;
  }
};

}  // namespace

static_assert(lt::Environment<TaskList> && lt::role_of<TaskList> == lt::Role::environment);
static_assert(lt::Environment<lt::archetype::Environment>);
static_assert(lt::Environment<lt::environment::Local> && lt::Environment<lt::environment::Mpi>);
static_assert(lt::Environment<lt::environment::Slurm> && lt::Environment<lt::environment::Lsf>);
static_assert(lt::Environment<lt::environment::TorchElastic>);
static_assert(lt::Environment<lt::environment::Kubeflow>);

TEST_CASE("no launcher") {
  const Variables none{};
  CHECK_FALSE(lt::environment::detect().has_value());
}

TEST_CASE("torchrun, with and without the agent's store") {
  const Variables some{{"TORCHELASTIC_RUN_ID", "7"}, {"RANK", "3"},          {"WORLD_SIZE", "4"},
                       {"LOCAL_RANK", "1"},          {"GROUP_RANK", "1"},    {"MASTER_ADDR", "node0"},
                       {"MASTER_PORT", "29400"},     {"LOCAL_WORLD_SIZE", "2"},
                       {"TORCHELASTIC_RESTART_COUNT", "2"}};
  const auto found = lt::environment::detect();
  CHECK(name_of(found) == "torchelastic");
  CHECK(found->place.world_size == 4);
  CHECK(found->place.global_rank == 3);
  CHECK(found->place.local_rank == 1);
  CHECK(found->place.local_world_size == 2);
  CHECK(found->place.node_rank == 1);
  CHECK(found->place.main_address == "node0");
  CHECK(found->place.main_port == 29400);
  CHECK(found->place.attempt == 2);
  CHECK_FALSE(found->place.store_is_served);
  ::setenv("TORCHELASTIC_USE_AGENT_STORE", "True", 1);
  CHECK(lt::environment::detect()->place.store_is_served);
}

TEST_CASE("variables that cannot be read are named") {
  const Variables some{{"TORCHELASTIC_RUN_ID", "7"}, {"RANK", "three"}, {"WORLD_SIZE", "4"}};
  CHECK_THROWS_WITH_AS(lt::environment::detect(), doctest::Contains("RANK = \"three\""),
                       lt::ConfigError);
  ::unsetenv("RANK");
  CHECK_THROWS_WITH_AS(lt::environment::detect(),
                       doctest::Contains("RANK is not in the environment; torchrun sets it"),
                       lt::ConfigError);
  ::setenv("RANK", "4", 1);
  CHECK_THROWS_WITH_AS(lt::environment::detect(), doctest::Contains("this is rank 4 of 4"),
                       lt::ConfigError);
  ::setenv("RANK", "0", 1);
  ::setenv("MASTER_PORT", "0", 1);
  CHECK_THROWS_WITH_AS(lt::environment::detect(), doctest::Contains("MASTER_PORT = \"0\""),
                       lt::ConfigError);
}

TEST_CASE("SLURM: machines, port, and no batch shell") {
  const Variables some{{"SLURM_NTASKS", "8"},       {"SLURM_PROCID", "5"}, {"SLURM_LOCALID", "1"},
                       {"SLURM_NODEID", "2"},       {"SLURM_JOB_ID", "1234567"},
                       {"SLURM_NODELIST", "gpu[03-05,9],login"}, {"SLURM_NTASKS_PER_NODE", "2"},
                       {"SLURM_RESTART_COUNT", "1"}};
  const auto found = lt::environment::detect();
  CHECK(name_of(found) == "slurm");
  CHECK(found->place.world_size == 8);
  CHECK(found->place.global_rank == 5);
  CHECK(found->place.local_rank == 1);
  CHECK(found->place.local_world_size == 2);
  CHECK(found->place.node_rank == 2);
  CHECK(found->place.main_address == "gpu03");
  CHECK(found->place.main_port == 15000 + 4567);
  CHECK(found->place.attempt == 1);
  ::setenv("SLURM_JOB_NAME", "interactive", 1);
  CHECK_FALSE(lt::environment::detect().has_value());
}

TEST_CASE("SLURM: the first machine of a list") {
  const auto first = lt::environment::Slurm::first_host;
  CHECK(first("login") == "login");
  CHECK(first("node1,node2") == "node1");
  CHECK(first("node1 node2") == "node1");
  CHECK(first("node[07-12]") == "node07");
  CHECK(first("node[7,9]-ib,other") == "node7-ib");
  CHECK(first("") == "");
}

TEST_CASE("LSF: the rank file") {
  const auto path = std::filesystem::temp_directory_path() / "lt_test_rank_file";
  std::ofstream(path) << "batch\nnode1\nnode1\nnode2\n";
  const std::string file = path.string();
  const Variables some{{"LSB_JOBID", "54321"},      {"LSB_DJOB_RANKFILE", file.c_str()},
                       {"JSM_NAMESPACE_SIZE", "3"}, {"JSM_NAMESPACE_RANK", "2"},
                       {"JSM_NAMESPACE_LOCAL_RANK", "0"}};
  const auto found = lt::environment::detect();
  CHECK(name_of(found) == "lsf");
  CHECK(found->place.world_size == 3);
  CHECK(found->place.global_rank == 2);
  CHECK(found->place.main_address == "node1");
  CHECK(found->place.main_port == 10321);
  std::ofstream(path) << "batch\n";
  CHECK_THROWS_WITH_AS(lt::environment::detect(), doctest::Contains("names no machine"),
                       lt::ConfigError);
  std::filesystem::remove(path);
}

TEST_CASE("MPI: Open MPI's variables and those of MPICH") {
  {
    const Variables some{{"OMPI_COMM_WORLD_RANK", "1"}, {"OMPI_COMM_WORLD_SIZE", "2"},
                         {"OMPI_COMM_WORLD_LOCAL_RANK", "1"}, {"OMPI_COMM_WORLD_LOCAL_SIZE", "2"}};
    const auto found = lt::environment::detect();
    CHECK(name_of(found) == "mpi");
    CHECK(found->place.global_rank == 1);
    CHECK(found->place.world_size == 2);
    CHECK(found->place.main_address == "127.0.0.1");
    CHECK(found->place.main_port >= 20000);
  }
  const Variables some{{"PMI_RANK", "5"}, {"PMI_SIZE", "8"}, {"MPI_LOCALRANKID", "1"},
                       {"MPI_LOCALNRANKS", "4"}};
  CHECK_THROWS_WITH_AS(lt::environment::detect(), doctest::Contains("MASTER_ADDR"),
                       lt::ConfigError);
  ::setenv("MASTER_ADDR", "node1", 1);
  const auto found = lt::environment::detect();
  CHECK(found->place.node_rank == 1);
  CHECK(found->place.local_rank == 1);
  CHECK(found->place.main_address == "node1");
}

TEST_CASE("Kubeflow: plain variables") {
  const Variables some{
      {"RANK", "1"}, {"WORLD_SIZE", "2"}, {"MASTER_ADDR", "pod-0"}, {"MASTER_PORT", "23456"}};
  const auto found = lt::environment::detect();
  CHECK(name_of(found) == "kubeflow");
  CHECK(found->place.node_rank == 1);
  CHECK(found->place.local_rank == 0);
  CHECK(found->place.main_port == 23456);
}

TEST_CASE("lt's own launcher, inside another's allocation") {
  const Variables some{{"LT_LAUNCHED", "1"}, {"RANK", "0"}, {"WORLD_SIZE", "2"},
                       {"LT_STORE_SOCKET", "7"}, {"SLURM_NTASKS", "1"}};
  const auto found = lt::environment::detect();
  CHECK(name_of(found) == "local");
  CHECK(found->place.listen_socket == 7);
}

TEST_CASE("an environment of one's own, as docs/policies/environment.md shows it") {
  const Variables some{{"TASK", "2"}, {"MACHINES", "node1 node2 node3"}};
  CHECK(TaskList::detect());
  const lt::RankPlace place = TaskList{}.place();
  CHECK(place.world_size == 3);
  CHECK(place.global_rank == 2);
  CHECK(place.local_rank == 0);
  CHECK(place.main_address == "node1");
  ::unsetenv("TASK");
  CHECK_THROWS_WITH_AS(TaskList{}.place(), doctest::Contains("TASK is not in the environment"),
                       lt::ConfigError);
}
