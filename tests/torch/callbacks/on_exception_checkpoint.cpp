// SPDX-License-Identifier: Apache-2.0
#include "lt/policies/callback/on_exception_checkpoint.hpp"

#include "lt/core/errors.hpp"

#include "torch/callbacks/fake_run.hpp"

#include "doctest_torch.hpp"

#include <stdexcept>
#include <string>
#include <vector>

using Events = std::vector<std::string>;

TEST_CASE("it saves under a fixed name, and overwrites") {
  lt_test::TempFolder folder;
  lt_test::FakeRun run;
  run.root = folder.path;
  lt::OnExceptionCheckpoint callback{{.dirpath = folder.path.string()}};
  CHECK(callback.ckpt_path() == folder / "on_exception.ckpt");
  callback.on_exception(run, std::runtime_error("no"));
  callback.on_exception(run, std::runtime_error("no"));
  CHECK(run.take_events() == Events{"save on_exception.ckpt", "save on_exception.ckpt"});
}

TEST_CASE("a run that goes well removes the file") {
  lt_test::TempFolder folder;
  lt_test::FakeRun run;
  run.root = folder.path;
  lt::OnExceptionCheckpoint callback{{.dirpath = folder.path.string(), .filename = "it"}};
  callback.on_exception(run, std::runtime_error("no"));
  CHECK(std::filesystem::exists(folder / "it.ckpt"));
  callback.teardown(run, lt::RunFn::fit);
  CHECK(run.take_events() == Events{"save it.ckpt", "remove it.ckpt"});
  CHECK_FALSE(std::filesystem::exists(folder / "it.ckpt"));
}

TEST_CASE("the last checkpoint is found once it is there") {
  lt_test::TempFolder folder;
  lt_test::FakeRun run;
  lt::OnExceptionCheckpoint callback{{.dirpath = folder.path.string()}};
  callback.FILE_EXTENSION = ".pt";
  CHECK(callback.find_last_checkpoints(run).empty());
  callback.on_exception(run, std::runtime_error("no"));
  REQUIRE(callback.find_last_checkpoints(run).size() == 1);
  CHECK(callback.find_last_checkpoints(run)[0] == folder / "on_exception.pt");
  CHECK(callback.is_exception_checkpoint());
}

TEST_CASE("a folder and a name are needed") {
  CHECK_THROWS_WITH_AS(lt::OnExceptionCheckpoint({.dirpath = ""}),
                       doctest::Contains("lt[E331] OnExceptionCheckpoint: dirpath"),
                       lt::ConfigError);
  CHECK_THROWS_WITH_AS(lt::OnExceptionCheckpoint({.dirpath = ".", .filename = ""}),
                       doctest::Contains("lt[E332] OnExceptionCheckpoint: filename"),
                       lt::ConfigError);
}
