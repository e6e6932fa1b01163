// SPDX-License-Identifier: Apache-2.0
#include <lt/core/trainer_options.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <set>
#include <string>
#include <string_view>

namespace {

// The code of the first check that `options` break, or nothing.
std::string broken_by(const lt::TrainerOptions& options) {
  std::string code;
  lt::Checks<lt::TrainerOptions>::each([&]<class Row>(Row) {
    if (code.empty() && !Row::holds(options)) {
      code = Row::code;
    }
  });
  return code;
}

}  // namespace

TEST_CASE("the defaults are Lightning's") {
  const lt::TrainerOptions o;
  CHECK(broken_by(o).empty());
  CHECK(!o.max_epochs);
  CHECK(o.max_steps == -1);
  CHECK(o.limit_train_batches == lt::BatchLimit(1.0));
  CHECK(o.val_check_interval.batches() == lt::BatchLimit(1.0));
  CHECK(o.check_val_every_n_epoch == 1);
  CHECK(o.accumulate_grad_batches == 1);
  CHECK(o.inference_mode);
  CHECK(o.use_distributed_sampler);
  CHECK(!o.gradient_clip_val);
  CHECK(o.compat == lt::Compat::lt);
}

TEST_CASE("every option is reflected, with a help text") {
  std::set<std::string_view> names;
  lt::for_each_field_info<lt::TrainerOptions>([&](const auto& field) {
    CHECK(names.insert(field.name).second);
    CHECK(!field.help.empty());
  });
  // The binding compiles for this number of fields only.
  [[maybe_unused]] const auto [f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15,
                               f16, f17, f18, f19, f20, f21, f22, f23, f24, f25, f26, f27, f28, f29,
                               f30, f31, f32] = lt::TrainerOptions{};
  CHECK(names.size() == 32);
  CHECK(names.contains("reload_dataloaders_every_n_epochs"));
}

TEST_CASE("limits of epochs and steps") {
  CHECK(broken_by({.max_epochs = -1}).empty());
  CHECK(broken_by({.max_epochs = 0}).empty());
  CHECK(broken_by({.max_epochs = -2}) == "E120");
  CHECK(broken_by({.max_steps = -2}) == "E121");
  CHECK(broken_by({.min_epochs = -1}) == "E122");
  CHECK(broken_by({.min_steps = -1}) == "E123");
  CHECK(broken_by({.fast_dev_run = -1}) == "E124");
}

TEST_CASE("limits of batches") {
  CHECK(broken_by({.limit_train_batches = 7}).empty());
  CHECK(broken_by({.limit_train_batches = 0.5}).empty());
  CHECK(broken_by({.limit_train_batches = 1.5}) == "E125");
  CHECK(broken_by({.limit_val_batches = -1}) == "E126");
  CHECK(broken_by({.limit_test_batches = -0.1}) == "E127");
  CHECK(broken_by({.limit_predict_batches = 2.5}) == "E128");
  CHECK(broken_by({.overfit_batches = -1}) == "E129");
}

TEST_CASE("validation") {
  CHECK(broken_by({.val_check_interval = 1.5}) == "E130");
  CHECK(broken_by({.val_check_interval = std::chrono::minutes(5)}).empty());
  CHECK(broken_by({.val_check_interval = 0.5, .check_val_every_n_epoch = {}}) == "E133");
  CHECK(broken_by({.val_check_interval = 1.0, .check_val_every_n_epoch = {}}) == "E133");
  CHECK(broken_by({.check_val_every_n_epoch = {}}) == "");
  CHECK(broken_by({.val_check_interval = 100, .check_val_every_n_epoch = {}}).empty());
  CHECK(broken_by({.check_val_every_n_epoch = 0}) == "E134");
  CHECK(broken_by({.num_sanity_val_steps = -2}) == "E135");
  CHECK(broken_by({.num_sanity_val_steps = -1}).empty());
}

TEST_CASE("the rest") {
  CHECK(broken_by({.log_every_n_steps = -1}) == "E136");
  CHECK(broken_by({.accumulate_grad_batches = 0}) == "E137");
  CHECK(broken_by({.reload_dataloaders_every_n_epochs = -1}) == "E138");
}

TEST_CASE("barebones goes with nothing that costs time") {
  CHECK(broken_by({.barebones = true}).empty());
  CHECK(broken_by({.enable_checkpointing = true, .barebones = true}) == "E139");
  CHECK(broken_by({.logger = true, .barebones = true}) == "E140");
  CHECK(broken_by({.enable_progress_bar = true, .barebones = true}) == "E141");
  CHECK(broken_by({.log_every_n_steps = 5, .barebones = true}) == "E142");
  CHECK(broken_by({.log_every_n_steps = 0, .barebones = true}).empty());
  CHECK(broken_by({.enable_model_summary = true, .barebones = true}) == "E143");
  CHECK(broken_by({.num_sanity_val_steps = 1, .barebones = true}) == "E144");
  CHECK(broken_by({.fast_dev_run = 1, .barebones = true}) == "E145");
  CHECK(broken_by({.detect_anomaly = true, .barebones = true}) == "E146");
}

TEST_CASE("validate gives the text of a check") {
  CHECK_THROWS_WITH_AS(lt::validate(lt::TrainerOptions{.max_epochs = -2}, "Trainer"),
                       "lt[E120] Trainer: max_epochs must be -1 (no limit), 0 or more; found "
                       "max_epochs = -2",
                       lt::ConfigError);
}

TEST_CASE("options can be checked while compiling, texts and times among them") {
  constexpr auto seconds = [] {
    return lt::TrainerOptions{.max_epochs = 5, .max_time = std::chrono::minutes(2)};
  };
  CHECK(lt::checked<seconds>().max_time->count() == 120.0);
  CHECK(lt::checked<[] { return lt::TrainerOptions{.default_root_dir = "runs"}; }>()
            .default_root_dir == "runs");
}

TEST_CASE("names of choices") {
  CHECK(lt::text(lt::GradClipAlgorithm::norm, lt::GradClipAlgorithm::value,
                 lt::Compat::lightning) == "normvaluelightning");
}
