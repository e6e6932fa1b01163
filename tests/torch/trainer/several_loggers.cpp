// SPDX-License-Identifier: Apache-2.0
// Several loggers at once, and a disk that does not answer.
#include "models.hpp"

#include "torch/pipe_reader.hpp"

#include "doctest_torch.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

using test::Data;
using test::Folder;
using test::Linear;

namespace {

std::string read(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

lt::TrainerOptions logging(const Folder& folder) {
  lt::TrainerOptions options = test::quiet({.max_epochs = 2, .log_every_n_steps = 1});
  options.logger = true;
  options.default_root_dir = folder.str();
  return options;
}

/// Begins to read the pipe when training is over: only then can a line be written.
struct ReadAtTheEnd {
  void on_train_end(lt::RunView&) { pipe->start(); }
  lt_test::PipeReader* pipe;
};

}  // namespace

TEST_CASE("all loggers get all records; the first one is the place of the checkpoints") {
  const Folder folder;
  Linear model;
  Data data;
  lt::Trainer<Linear, Data, lt::strategy::SingleDevice, lt::accelerator::Cpu, lt::precision::F32,
              lt::JsonlLogger, lt::TensorBoardLogger, lt::CsvLogger>
      trainer{logging(folder), lt::JsonlLogger{{.name = "first"}},
              lt::TensorBoardLogger{{.name = "second"}}, lt::CsvLogger{{.name = "third"}}};
  trainer.set_message_sink({});
  trainer.fit(model, data);
  const std::string lines = read(folder / "first/version_0/metrics.jsonl");
  const std::string rows = read(folder / "third/version_0/metrics.csv");
  const auto count = [](const std::string& text) {
    return std::count(text.begin(), text.end(), '\n');
  };
  CHECK(count(lines) > 6);
  CHECK(count(rows) == count(lines) + 1);
  CHECK(std::filesystem::exists(folder / "first/version_0/hparams.yaml") ==
        std::filesystem::exists(folder / "third/version_0/hparams.yaml"));
  CHECK(std::filesystem::exists(folder / "second/version_0/hparams.yaml"));
}

TEST_CASE("a disk that does not answer stalls no step, and nothing is lost") {
  const Folder folder;
  std::filesystem::create_directories(folder / "lightning_logs/v");
  lt_test::PipeReader pipe(folder / "lightning_logs/v/metrics.jsonl");
  Linear model;
  Data data;
  lt::TrainerOptions options = logging(folder);
  options.limit_val_batches = 0;
  lt::Trainer<Linear, Data, lt::strategy::SingleDevice, lt::accelerator::Cpu, lt::precision::F32,
              lt::JsonlLogger, ReadAtTheEnd>
      trainer{options, lt::JsonlLogger{{.version = "v"}}, ReadAtTheEnd{&pipe}};
  trainer.set_message_sink({});
  trainer.fit(model, data);
  const std::string& all = pipe.finish();
  CHECK(std::count(all.begin(), all.end(), '\n') == 6);
}
