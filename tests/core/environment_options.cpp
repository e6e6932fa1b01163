// SPDX-License-Identifier: Apache-2.0
#include <lt/core/environment_options.hpp>

#include <doctest/doctest.h>

#include <cstdlib>
#include <string>

namespace {

/// Sets a variable for the time of a test.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) { setenv(name, value, 1); }
  ~Variable() { unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
};

}  // namespace

TEST_CASE("variables fill in what is at its default") {
  const Variable epochs("PL_TRAINER_MAX_EPOCHS", "3");
  const Variable limit("PL_TRAINER_LIMIT_TRAIN_BATCHES", "0.5");
  const Variable one("PL_TRAINER_LIMIT_VAL_BATCHES", "1");
  const Variable clip("PL_TRAINER_GRADIENT_CLIP_ALGORITHM", "value");
  const Variable anomaly("PL_TRAINER_DETECT_ANOMALY", "True");
  const Variable every("PL_TRAINER_CHECK_VAL_EVERY_N_EPOCH", "None");
  const Variable dir("PL_TRAINER_DEFAULT_ROOT_DIR", "runs");
  const auto options = lt::with_environment({});
  CHECK(options.max_epochs == 3);
  CHECK(options.limit_train_batches == lt::BatchLimit(0.5));
  CHECK(options.limit_val_batches == lt::BatchLimit(1));
  CHECK_FALSE(options.limit_val_batches.is_fraction());
  CHECK(options.gradient_clip_algorithm == lt::GradClipAlgorithm::value);
  CHECK(options.detect_anomaly);
  CHECK_FALSE(options.check_val_every_n_epoch.has_value());
  CHECK(options.default_root_dir == "runs");
}

TEST_CASE("what the program says goes before, an empty variable says nothing") {
  const Variable epochs("PL_TRAINER_MAX_EPOCHS", "3");
  const Variable steps("PL_TRAINER_MAX_STEPS", "");
  const auto options = lt::with_environment({.max_epochs = 7});
  CHECK(options.max_epochs == 7);
  CHECK(options.max_steps == -1);
}

TEST_CASE("a value that cannot be read names the variable") {
  const Variable epochs("PL_TRAINER_MAX_EPOCHS", "three");
  CHECK_THROWS_WITH_AS(lt::with_environment({}),
                       doctest::Contains("PL_TRAINER_MAX_EPOCHS = \"three\""), lt::ConfigError);
}
