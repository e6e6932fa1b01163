// SPDX-License-Identifier: Apache-2.0
// What people get wrong at run time, and what they are told.
#include "models.hpp"

#include "doctest_torch.hpp"

#include <csignal>
#include <stdexcept>
#include <string>

using test::Data;
using test::Folder;
using test::Linear;
using test::quiet;

namespace {

template <class F>
std::string message_of(F&& f) {
  try {
    f();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "nothing was thrown";
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

struct Killer {
  void on_train_batch_end(lt::RunView& run, const auto&, const test::Batch&, std::int64_t) {
    if (run.global_step() == 4) {
      std::raise(SIGTERM);
    }
  }
};

}  // namespace

TEST_CASE("an option out of range names option, value and rule") {
  const std::string text =
      message_of([] { lt::Trainer<Linear, Data> trainer{quiet({.max_epochs = -2})}; });
  CHECK(contains(text, "lt[E120]"));
  CHECK(contains(text, "max_epochs = -2"));
  CHECK(contains(text, "must be -1"));
}

TEST_CASE("a metric that nobody logs: the message lists those that are logged") {
  Linear model;
  Data data;
  lt::Trainer<Linear, Data, lt::strategy::SingleDevice, lt::accelerator::Cpu, lt::precision::F32,
              lt::EarlyStopping>
      trainer{quiet({.max_epochs = 2}), lt::EarlyStopping{{.monitor = "val_los"}}};
  trainer.set_message_sink({});
  const std::string text = message_of([&] { trainer.fit(model, data); });
  CHECK(contains(text, "val_los"));
  CHECK(contains(text, "val_loss"));
  CHECK(contains(text, "train_loss"));
}

TEST_CASE("an empty dataset trains nothing and says so") {
  Linear model;
  Data data{.count = 0};
  lt::Trainer<Linear, Data> trainer{quiet({.max_epochs = 2})};
  trainer.set_message_sink({});
  CHECK(trainer.fit(model, data).reason == lt::StopReason::no_training_batches);
}

TEST_CASE("validate without any model is refused") {
  Data data;
  lt::Trainer<Linear, Data> trainer{quiet()};
  CHECK(contains(message_of([&] { trainer.validate(data); }), "lt[E189]"));
}

TEST_CASE("a checkpoint that is not there") {
  Linear model;
  Data data;
  lt::Trainer<Linear, Data> trainer{quiet({.max_epochs = 1})};
  trainer.set_message_sink({});
  const std::string text =
      message_of([&] { trainer.fit(model, data, {.ckpt_path = "no/such/file.ckpt"}); });
  CHECK(contains(text, "no/such/file.ckpt"));
}

TEST_CASE("the best checkpoint without a ModelCheckpoint") {
  Linear model;
  Data data;
  lt::Trainer<Linear, Data> trainer{quiet({.max_epochs = 1})};
  trainer.set_message_sink({});
  CHECK(contains(message_of([&] { trainer.test(model, data, {.ckpt_path = "best"}); }),
                 "ModelCheckpoint"));
}

TEST_CASE("an exception of a hook reaches the caller after callbacks were told") {
  struct Watcher {
    std::string seen;
    void on_exception(lt::RunView&, const std::exception& error) { seen = error.what(); }
  };
  struct Throwing : Linear {
    void on_train_epoch_end() { throw std::runtime_error("from the model"); }
  };
  Throwing model;
  Data data;
  auto trainer = lt::make_trainer<Throwing, Data>(quiet({.max_epochs = 2}), Watcher{});
  trainer.set_message_sink({});
  CHECK_THROWS_AS(trainer.fit(model, data), std::runtime_error);
  CHECK(trainer.get<Watcher>().seen == "from the model");
  CHECK(trainer.state().status == lt::Status::interrupted);
}

TEST_CASE("SIGTERM ends a run in good order when the host asked for it") {
  const Folder folder;
  Linear model;
  Data data;
  lt::TrainerOptions options = quiet({.max_epochs = 100, .handle_signals = true});
  options.logger = true;
  options.default_root_dir = folder.str();
  options.log_every_n_steps = 1;
  auto trainer = lt::make_trainer<Linear, Data>(options, Killer{});
  trainer.set_message_sink({});
  CHECK_THROWS_AS(trainer.fit(model, data), lt::Interrupted);
  CHECK(trainer.global_step() == 4);
  CHECK(std::filesystem::file_size(folder / "lightning_logs/version_0/metrics.csv") > 0);
}

TEST_CASE("a NaN loss is no error of the trainer; detect_anomaly stops at it") {
  struct Nan : Linear {
    at::Tensor training_step(const test::Batch& batch, std::int64_t) {
      return (loss(batch) * -1.0).sqrt();
    }
  };
  Data data;
  {
    Nan model;
    lt::Trainer<Nan, Data> trainer{quiet({.max_epochs = 1})};
    trainer.set_message_sink({});
    CHECK(trainer.fit(model, data).step == 3);
    CHECK(model.net->weight.isnan().all().item<bool>());
  }
  {
    Nan model;
    lt::Trainer<Nan, Data> trainer{quiet({.max_epochs = 1, .detect_anomaly = true})};
    trainer.set_message_sink({});
    CHECK(contains(message_of([&] { trainer.fit(model, data); }), "nan"));
  }
}

TEST_CASE("log() where it has no place") {
  struct Early : Linear {
    void on_fit_start() { log("x", 1.0); }
  };
  Early model;
  Data data;
  lt::Trainer<Early, Data> trainer{quiet({.max_epochs = 1})};
  trainer.set_message_sink({});
  const std::string text = message_of([&] { trainer.fit(model, data); });
  CHECK(contains(text, "lt[E164]"));
  CHECK(contains(text, "on_fit_start"));
}

TEST_CASE("a tensor with several elements cannot be logged") {
  struct Wide : Linear {
    at::Tensor training_step(const test::Batch& batch, std::int64_t) {
      log("wide", batch.data);
      return loss(batch);
    }
  };
  Wide model;
  Data data;
  lt::Trainer<Wide, Data> trainer{quiet({.max_epochs = 1})};
  trainer.set_message_sink({});
  const std::string text = message_of([&] { trainer.fit(model, data); });
  CHECK(contains(text, "wide"));
  CHECK(contains(text, "16 elements"));
}
