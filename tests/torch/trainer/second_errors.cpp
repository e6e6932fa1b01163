// SPDX-License-Identifier: Apache-2.0
// Errors that come while a run ends by another one, and a disk that is full when a checkpoint is
// due.
#include "models.hpp"
#include "torch/loggers/support.hpp"

#include "doctest_torch.hpp"

#include <algorithm>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using test::Data;
using test::Folder;
using test::Linear;
using test::quiet;

namespace {

/// A logger that cannot write any more when it is closed.
struct Broken {
  using policy_family = lt::logger_tag;
  void open(lt::RunView&) {}
  std::string name() const { return "broken"; }
  std::string version() const { return "0"; }
  std::string save_dir() const { return {}; }
  void log_metrics(const lt::MetricTable&, std::int64_t) {}
  void log_hyperparams(const lt::HyperParams&) {}
  void save() {}
  void finalize(std::string_view status) {
    closed = status;
    throw lt::Error("the second error");
  }
  std::string closed;
};

struct Watcher {
  void on_exception(lt::RunView&, const std::exception& error) {
    seen = error.what();
    throw std::runtime_error("the third error");
  }
  std::string seen;
};

struct Throwing : Linear {
  void on_train_epoch_end() { throw lt::DataError("the first error"); }
};

template <class Model, class... Parts>
using TrainerOf = lt::Trainer<Model, Data, lt::strategy::SingleDevice, lt::accelerator::Cpu,
                              lt::precision::F32, Parts...>;

/// A progress bar that shows nothing.
struct Bar {
  static constexpr auto substitute = lt::DefaultPart::progress_bar;
  void on_train_batch_end(lt::RunView&, const auto&, const auto&, std::int64_t) {}
};

std::vector<std::string> files_in(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

TEST_CASE("the first error reaches the caller; loggers are closed and the others are said") {
  const Folder folder;
  Throwing model;
  Data data;
  lt::TrainerOptions options = quiet({.max_epochs = 2, .log_every_n_steps = 1});
  options.default_root_dir = folder.str();
  TrainerOf<Throwing, Watcher, Broken, lt::CsvLogger> trainer{options};
  std::vector<std::string> said;
  trainer.set_message_sink([&](const lt::Message& message) {
    if (message.severity == lt::Severity::warning) {
      said.push_back(std::string(message.code) + " " + std::string(message.text));
    }
  });
  CHECK_THROWS_WITH_AS(trainer.fit(model, data), "the first error", lt::DataError);
  CHECK(trainer.get<Watcher>().seen == "the first error");
  CHECK(trainer.get<Broken>().closed == "failed");
  CHECK(said == std::vector<std::string>{"W035 while a run ended by an error: the third error",
                                         "W034 the second error"});
  // The logger behind the broken one has written everything.
  CHECK(std::filesystem::file_size(folder / "lightning_logs/version_0/metrics.csv") > 100);
}

TEST_CASE("without an error before, that of a logger reaches the caller") {
  Linear model;
  Data data;
  TrainerOf<Linear, Broken> trainer{quiet({.max_epochs = 1})};
  trainer.set_message_sink({});
  CHECK_THROWS_WITH_AS(trainer.fit(model, data), "the second error", lt::Error);
}

TEST_CASE("a disk that is full when a checkpoint is written: the previous ones stay whole") {
  const Folder folder;
  Linear model;
  Data data;
  const auto train = [&](std::int64_t epochs, const std::string& from) {
    lt::TrainerOptions options = quiet({.max_epochs = epochs});
    options.enable_checkpointing = true;
    TrainerOf<Linear, lt::ModelCheckpoint> trainer{
        options, lt::ModelCheckpoint{{.dirpath = folder.str(), .save_last = lt::SaveLast::yes}}};
    trainer.set_message_sink({});
    trainer.fit(model, data, {.ckpt_path = from});
  };
  train(2, "");
  const std::string last = (folder / "last.ckpt").string();
  const auto files = files_in(folder / "");
  CHECK(files.size() == 2);
  lt::checkpoint_io::Binary io;
  CHECK(io.load_checkpoint(last).get<std::int64_t>("epoch") == 1);
  {
    const lt_test::FileSizeLimit limit(std::filesystem::file_size(last) / 2);
    try {
      train(4, last);
      FAIL("nothing was thrown");
    } catch (const lt::CheckpointError& error) {
      const std::string text = error.what();
      CAPTURE(text);
      CHECK(text.starts_with("lt[E222] checkpoint " + folder.str()));
      CHECK(text.find("cannot be written: ") != std::string::npos);
    }
  }
  CHECK(files_in(folder / "") == files);  // and no half a file beside them
  CHECK(io.load_checkpoint(last).get<std::int64_t>("epoch") == 1);
  train(3, last);
  CHECK(io.load_checkpoint(last).get<std::int64_t>("epoch") == 2);
}

TEST_CASE("two progress bars in a list that is filled at run time") {
  using List = lt::PartList<lt::TerminalProgress, Bar>;
  const auto make = [](bool both) {
    List list;
    list.add(Bar{});
    if (both) {
      list.add(lt::TerminalProgress{});
    }
    TrainerOf<Linear, List> trainer{quiet(), std::move(list)};
  };
  CHECK_NOTHROW(make(false));
  CHECK_THROWS_WITH_AS(make(true), doctest::Contains("lt[E196] found 2 progress bars"),
                       lt::ConfigError);
}
