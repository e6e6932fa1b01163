// SPDX-License-Identifier: Apache-2.0
// A disk that fills while a run logs: an error that names the file, and what was written stays whole.
#include "models.hpp"

#include "doctest_torch.hpp"

#include <algorithm>
#include <csignal>
#include <fstream>
#include <string>
#include <sys/mount.h>
#include <sys/resource.h>

using test::Data;
using test::Folder;
using test::Linear;

namespace {

/// Trains and logs into `dir` until that fails; the error's text.
std::string run_until_full(const std::string& dir) {
  Linear model;
  Data data;
  lt::TrainerOptions options = test::quiet({.max_epochs = 2000, .log_every_n_steps = 1});
  options.logger = true;
  options.limit_val_batches = 0;
  options.default_root_dir = dir;
  lt::Trainer<Linear, Data> trainer{options};
  trainer.set_message_sink({});
  try {
    trainer.fit(model, data);
  } catch (const lt::Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

/// Every line of the table that is there is a whole row.
void check_rows(const std::filesystem::path& file) {
  std::ifstream stream(file);
  std::string line;
  std::size_t rows = 0;
  while (std::getline(stream, line)) {
    REQUIRE(line.ends_with('\r'));
    CHECK(std::count(line.begin(), line.end(), ',') == 2);
    ++rows;
  }
  CHECK(rows > 20);
}

}  // namespace

TEST_CASE("a limit on the size of files") {
  const Folder folder;
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const auto old = std::signal(SIGXFSZ, SIG_IGN);
  rlimit small = before;
  small.rlim_cur = 4000;
  setrlimit(RLIMIT_FSIZE, &small);
  const std::string text = run_until_full(folder.str());
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, old);
  CHECK_MESSAGE(text.find("metrics.csv") != std::string::npos, text);
  check_rows(folder / "lightning_logs/version_0/metrics.csv");
}

TEST_CASE("a small file system of its own, where it may be made") {
  const Folder folder;
  if (::mount("lt-test", folder.str().c_str(), "tmpfs", 0, "size=16k") != 0) {
    MESSAGE("a tmpfs may not be mounted here; the test with a file-size limit stands for it");
    return;
  }
  const std::string text = run_until_full(folder.str());
  CHECK_MESSAGE(text.find("metrics.csv") != std::string::npos, text);
  check_rows(folder / "lightning_logs/version_0/metrics.csv");
  CHECK(::umount(folder.str().c_str()) == 0);
}
