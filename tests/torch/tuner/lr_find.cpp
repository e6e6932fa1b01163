// SPDX-License-Identifier: Apache-2.0
#include "../trainer/models.hpp"

#include <lt/tuner.hpp>

#include "doctest_torch.hpp"
#include "recorded/tuner/recorded.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

using test::Batch;
using test::Data;
using test::quiet;

namespace {

/// Draws random numbers in every step, and counts what it sees.
class Model : public test::Linear {
 public:
  Options& hparams() { return options_; }
  const Options& hparams() const { return options_; }
  at::Tensor training_step(const Batch& batch, std::int64_t) {
    if (fails_after >= 0 && fails_after-- == 0) {
      throw std::runtime_error("no more");
    }
    const at::Tensor dropped = torch::dropout(batch.data, dropout, is_training());
    const at::Tensor value = torch::mse_loss(net(dropped), batch.target);
    log("train_loss", value);
    return value;
  }
  lt::optim::SGD configure_optimizers() {
    return lt::optim::SGD(parameters(), {.lr = options_.lr, .momentum = momentum});
  }
  int fails_after = -1;
  double dropout = 0.25;
  double momentum = 0.9;
};

/// Shuffles with the default generator, unless there is a loader.
struct Shuffled {
  test::Loader train_dataloader() {
    return given ? *given : lt::DataLoader(test::line(12), {.batch_size = 4, .shuffle = true});
  }
  std::optional<test::Loader> given;
  test::Loader val_dataloader() { return test::loader(8, 4, 1); }
};

using Trainer = lt::Trainer<Model, Shuffled>;

/// Everything that a fit leaves behind, as bits.
std::vector<at::Tensor> fit(Trainer& trainer, Model& model, Shuffled& data) {
  trainer.fit(model, data);
  std::vector<at::Tensor> out{model.net->weight.detach().clone(), model.net->bias.detach().clone(),
                              lt::rng_state()};
  out.push_back(at::tensor(trainer.callback_metrics().find("train_loss").value()));
  return out;
}

bool same(const std::vector<at::Tensor>& a, const std::vector<at::Tensor>& b) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!at::equal(a[i], b[i])) {
      return false;
    }
  }
  return a.size() == b.size();
}

struct Said {
  std::string all;
  void listen(auto& trainer) {
    trainer.set_message_sink([this](const lt::Message& message) {
      all += std::string(message.code) + " " + std::string(message.text) + "\n";
    });
  }
  bool has(const std::string& part) const { return all.find(part) != std::string::npos; }
};

/// A number in [-0.5, 0.5), as record.py makes it.
float unit(std::uint32_t i, std::uint32_t seed) {
  std::uint32_t h = i * 2654435761U + seed * 2246822519U + 374761393U;
  h ^= h >> 15;
  h *= 2246822519U;
  h ^= h >> 13;
  h *= 3266489917U;
  h ^= h >> 16;
  return (static_cast<float>(h >> 16) - 32768.0F) / 65536.0F;
}

at::Tensor tensor(at::IntArrayRef shape, std::uint32_t seed) {
  at::Tensor out = at::empty(shape);
  for (std::int64_t i = 0; i < out.numel(); ++i) {
    out.data_ptr<float>()[i] = unit(static_cast<std::uint32_t>(i), seed);
  }
  return out;
}

std::vector<at::Tensor> run(bool find) {
  torch::manual_seed(1);
  Model model;
  Shuffled data;
  Trainer trainer{quiet({.max_epochs = 3})};
  trainer.set_message_sink({});
  if (find) {
    lt::Tuner tuner(trainer);
    const auto found = tuner.lr_find(model, data, {.num_training = 20, .update_attr = false});
    CHECK(found.results.lr.size() == 20);
  }
  return fit(trainer, model, data);
}

}  // namespace

TEST_CASE("a fit after lr_find equals one without, to the bit") {
  CHECK(same(run(false), run(true)));
}

TEST_CASE("lr_find tries the rates in order, sets the attribute and says so") {
  Model model;
  Shuffled data;
  Trainer trainer{quiet({.max_epochs = 1})};
  Said said;
  said.listen(trainer);
  lt::Tuner tuner(trainer);
  const auto found =
      tuner.lr_find(model, data, {.min_lr = 1e-4, .max_lr = 1.0, .num_training = 60});
  REQUIRE(found.results.lr.size() == found.results.loss.size());
  REQUIRE(found.results.lr.size() >= 40);
  const lt::RateSequence rates(1e-4, 1.0, 60, lt::LrMode::exponential);
  for (std::size_t k = 0; k < found.results.lr.size(); ++k) {
    CHECK(found.results.lr[k] == rates[static_cast<std::int64_t>(k)]);
    CHECK(std::isfinite(found.results.loss[k]));
  }
  REQUIRE(found.suggestion());
  CHECK(model.hparams().lr == *found.suggestion());
  CHECK(said.has("I761 Learning rate set to " + lt::text(*found.suggestion())));
  CHECK(trainer.global_step() == 0);
  CHECK(trainer.state().fit == lt::FitProgress{});
  CHECK(trainer.options().max_epochs == 1);
  CHECK(trainer.options().max_steps == -1);
  CHECK(trainer.fit(model, data).step == 3);
}

TEST_CASE("a loss that explodes ends the test early") {
  Model model;
  Shuffled data;
  Trainer trainer{quiet({.max_epochs = 1, .min_epochs = 1000})};
  Said said;
  said.listen(trainer);
  lt::Tuner tuner(trainer);
  const auto found = tuner.lr_find(
      model, data, {.min_lr = 0.1, .max_lr = 1e6, .num_training = 100, .update_attr = false});
  CHECK(found.results.lr.size() < 60);
  CHECK(found.results.loss.size() == found.results.lr.size());
  CHECK(said.has("LR finder stopped early after " + std::to_string(found.results.lr.size())));
  const auto all = tuner.lr_find(model, data,
                                 {.min_lr = 0.1,
                                  .max_lr = 1e6,
                                  .num_training = 100,
                                  .early_stop_threshold = {},
                                  .update_attr = false});
  CHECK(all.results.lr.size() == 100);
}

TEST_CASE("after training the test works as before it; Lightning's ends after one batch") {
  for (const auto compat : {lt::Compat::lt, lt::Compat::lightning}) {
    Model model;
    Shuffled data;
    Trainer trainer{quiet({.max_epochs = 2, .compat = compat})};
    Said said;
    said.listen(trainer);
    trainer.fit(model, data);
    lt::Tuner tuner(trainer);
    if (compat == lt::Compat::lightning) {
      trainer.engine().options().max_epochs = 50;
    }
    const auto found =
        tuner.lr_find(model, data, {.num_training = 20, .early_stop_threshold = 1e4});
    CHECK(found.results.lr.size() == (compat == lt::Compat::lt ? 20 : 1));
    CHECK(found.suggestion().has_value() == (compat == lt::Compat::lt));
    CHECK(said.has("W760 Failed to compute suggestion") == (compat == lt::Compat::lightning));
    CHECK(trainer.global_step() == 6);
  }
}

TEST_CASE("an exception in the search reaches the caller, and everything is put back") {
  torch::manual_seed(1);
  Model model;
  Shuffled data;
  Trainer trainer{quiet({.max_epochs = 3})};
  trainer.set_message_sink({});
  model.fails_after = 5;
  lt::Tuner tuner(trainer);
  CHECK_THROWS_WITH(tuner.lr_find(model, data), "no more");
  const auto after = fit(trainer, model, data);
  CHECK(same(after, run(false)));
}

TEST_CASE("accumulated gradients: one point for each optimizer step") {
  Model model;
  Shuffled data;
  Trainer trainer{quiet({.max_epochs = 1, .accumulate_grad_batches = 2})};
  trainer.set_message_sink({});
  lt::Tuner tuner(trainer);
  const auto found =
      tuner.lr_find(model, data, {.max_lr = 1e-3, .num_training = 10, .update_attr = false});
  CHECK(found.results.lr.size() == 10);
  CHECK(found.results.lr.back() == doctest::Approx(1e-3));
}

TEST_CASE("as docs/tuner.md shows it") {
  const test::Folder folder;
  Model model;
  Shuffled data;
  Trainer trainer{quiet({.max_epochs = 1})};
  trainer.set_message_sink({});
  std::ostringstream out;
  const std::string svg = (folder / "lr.svg").string();

  // Search, look, train.
  lt::Tuner tuner(trainer);
  const auto found = tuner.lr_find(model, data, {.min_lr = 1e-5, .num_training = 60});
  out << found.sketch();
  found.plot_svg(svg);
  trainer.fit(model, data);  // with the rate that was found: model.hparams().lr

  CHECK(out.str().find('O') != std::string::npos);
  CHECK(std::filesystem::exists(svg));
}

TEST_CASE("fast_dev_run skips the search with a warning") {
  Model model;
  Shuffled data;
  Trainer trainer{quiet({.fast_dev_run = 1})};
  Said said;
  said.listen(trainer);
  lt::Tuner tuner(trainer);
  CHECK(tuner.lr_find(model, data).results.lr.empty());
  CHECK(said.has("W761 Skipping learning rate finder since `fast_dev_run` is enabled."));
  CHECK(model.hparams().lr == 0.1);
}

TEST_CASE("the wrong options and attributes are named") {
  Model model;
  Shuffled data;
  Trainer trainer{quiet({.max_epochs = 1})};
  trainer.set_message_sink({});
  lt::Tuner tuner(trainer);
  CHECK_THROWS_WITH_AS(tuner.lr_find(model, data, {.attr_name = "rate"}),
                       doctest::Contains("lt[E764] lr_find: attr_name = \"rate\" is not found"),
                       lt::ConfigError);
  CHECK_THROWS_WITH(tuner.lr_find(model, data, {.num_training = 0}), doctest::Contains("E772"));
}

TEST_CASE("LearningRateFinder: a fit begins with the rate that it finds") {
  using WithFinder = lt::Trainer<Model, Shuffled, lt::strategy::SingleDevice, lt::accelerator::Cpu,
                                 lt::precision::F32, lt::LearningRateFinder>;
  const lt::LrFindOptions options{.min_lr = 1e-4, .max_lr = 1.0, .num_training = 60};
  torch::manual_seed(1);
  Model model;
  Shuffled data;
  WithFinder trainer{quiet({.max_epochs = 3}), lt::LearningRateFinder{options}};
  trainer.set_message_sink({});
  CHECK(trainer.fit(model, data).step == 9);
  const auto& found = trainer.get<lt::LearningRateFinder>().optimal_lr();
  REQUIRE(found);
  CHECK(model.hparams().lr == found->suggestion());

  // The same as a fit whose model has that rate from the start.
  torch::manual_seed(1);
  Model other;
  other.hparams().lr = model.hparams().lr;
  Trainer plain{quiet({.max_epochs = 3})};
  plain.set_message_sink({});
  plain.fit(other, data);
  CHECK(at::equal(model.net->weight, other.net->weight));

  lt::Tuner tuner(trainer);
  CHECK_THROWS_WITH(tuner.lr_find(model, data), doctest::Contains("lt[E767]"));
}

TEST_CASE("Lightning's range tests: the same rates and suggestions, losses to 1e-6") {
  double worst = 0.0;
  int compared = 0;
  for (const auto& recorded : test::recorded("rates")) {
    CAPTURE(recorded.at("name").get<std::string>());
    const auto& given = recorded.at("options");
    lt::LrFindOptions options;
    options.min_lr = given.value("min_lr", options.min_lr);
    options.max_lr = given.value("max_lr", options.max_lr);
    options.num_training = given.value("num_training", options.num_training);
    if (given.value("mode", "exponential") == "linear") {
      options.mode = lt::LrMode::linear;
    }
    if (given.contains("early_stop_threshold")) {
      options.early_stop_threshold.reset();
    }
    const auto steps = recorded.at("fit_steps").get<std::int64_t>();
    Model model;
    model.dropout = 0.0;
    model.momentum = 0.0;
    {
      const torch::NoGradGuard no_grad;
      model.net->weight.copy_(tensor({1, 4}, 1));
      model.net->bias.copy_(tensor({1}, 2));
    }
    Shuffled data{
        lt::DataLoader(lt::TensorDataset<Batch>(Batch{tensor({20, 4}, 3), tensor({20, 1}, 4)}),
                       {.batch_size = 4})};
    Trainer trainer{quiet(
        {.max_epochs = recorded.at("trainer").at("max_epochs").get<std::int64_t>(),
         .max_steps = steps == 0 ? -1 : steps,
         .limit_val_batches = 0,
         .accumulate_grad_batches = recorded.at("trainer").value("accumulate_grad_batches", 1),
         .compat = lt::Compat::lightning})};
    trainer.set_message_sink({});
    if (steps > 0) {
      trainer.fit(model, data);
      trainer.engine().options().max_steps = -1;
    }
    lt::Tuner tuner(trainer);
    const auto found = tuner.lr_find(model, data, options);

    CHECK(found.results.lr == test::numbers(recorded.at("lr")));
    const auto losses = test::numbers(recorded.at("loss"));
    REQUIRE(found.results.loss.size() == losses.size());
    for (std::size_t k = 0; k < losses.size(); ++k) {
      if (std::isfinite(losses[k])) {
        worst = std::max(worst, std::abs(found.results.loss[k] / losses[k] - 1));
      } else {
        CHECK_FALSE(std::isfinite(found.results.loss[k]));
      }
    }
    CHECK(found.suggestion() == test::number<double>(recorded.at("suggestion")));
    CHECK(model.hparams().lr == recorded.at("model_lr").get<double>());
    ++compared;
  }
  MESSAGE("largest relative difference of a loss: ", worst);
  CHECK(worst < 1e-6);
  CHECK(compared == 10);
}
