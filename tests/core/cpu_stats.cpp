// SPDX-License-Identifier: Apache-2.0
#include "lt/core/cpu_stats.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include <unistd.h>

namespace {

/// A folder in the place of /proc.
class Proc {
 public:
  Proc() {
    path_ = std::filesystem::temp_directory_path() / ("lt_proc_" + std::to_string(::getpid()));
    std::filesystem::create_directories(path_);
    meminfo(
        "MemTotal: 1000 kB\nMemFree: 100 kB\nMemAvailable: 250 kB\n"
        "SwapTotal: 400 kB\nSwapFree: 300 kB\n");
  }
  Proc(const Proc&) = delete;
  Proc& operator=(const Proc&) = delete;
  ~Proc() { std::filesystem::remove_all(path_); }

  void stat(const std::string& line) const {
    std::ofstream(path_ / "stat") << line << "\ncpu0 1\n";
  }
  void meminfo(const std::string& all) const { std::ofstream(path_ / "meminfo") << all; }
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace

TEST_CASE("the time of processors since the call before; guests are part of the user's") {
  const Proc proc;
  proc.stat("cpu  100 0 50 800 50 0 0 0 20 0");
  lt::CpuStats stats(proc.path());
  CHECK(stats.available());
  proc.stat("cpu  130 0 50 850 70 0 0 0 20 0");  // 100 ticks, 50 idle and 20 waiting
  CHECK(stats.read().find("cpu_percent") == 30.0);
  CHECK(stats.read().find("cpu_percent") == 0.0);  // no time has passed
  proc.stat("cpu  140 0 50 880 70 0 0 0 30 0");    // 10 ticks of a guest, 30 idle
  CHECK(stats.read().find("cpu_percent") == 25.0);
}

TEST_CASE("memory and swap space in percent, with one decimal") {
  const Proc proc;
  proc.stat("cpu  1 0 1 1 0 0 0 0 0 0");
  lt::CpuStats stats(proc.path());
  CHECK(stats.read().find("cpu_vm_percent") == 75.0);
  CHECK(stats.read().find("cpu_swap_percent") == 25.0);
  proc.meminfo("MemTotal: 3 kB\nMemAvailable: 2 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n");
  CHECK(stats.read().find("cpu_vm_percent") == 33.3);
  CHECK(stats.read().find("cpu_swap_percent") == 0.0);
}

TEST_CASE("a system without these files says so") {
  CHECK_FALSE(lt::CpuStats("/there/is/no/such/folder").available());
}
