// SPDX-License-Identifier: Apache-2.0
// Seeds and states of the random generators.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/core/text.hpp"
#include "lt/generator.hpp"

#include <ATen/core/Tensor.h>

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <string_view>

namespace lt {

/// Seeds the default random generator and returns the seed. Without an argument the seed is that
/// of the environment variable PL_GLOBAL_SEED, else 0. With `workers` the loaders' worker threads
/// are seeded from it too (PL_SEED_WORKERS, as Lightning sets it for child processes).
///
/// Errors: lt::ConfigError when PL_GLOBAL_SEED is not a number between 0 and 2^32 - 1.
inline std::uint64_t seed_everything(std::optional<std::uint64_t> seed = {}, bool workers = false) {
  constexpr std::uint64_t largest = 0xFFFFFFFFu;
  if (!seed) {
    seed = 0;
    if (const char* variable = std::getenv("PL_GLOBAL_SEED")) {
      const std::string_view found = variable;
      std::uint64_t parsed = 0;
      const auto [end, error] = std::from_chars(found.data(), found.data() + found.size(), parsed);
      if (error != std::errc{} || end != found.data() + found.size()) {
        throw ConfigError(text("lt[E170] PL_GLOBAL_SEED = \"", found,
                               "\" is not a seed; expected a whole number from 0 to 4294967295"));
      }
      seed = parsed;
    }
  }
  if (*seed > largest) {
    throw ConfigError(text("lt[E170] seed_everything: the seed is ", *seed,
                           "; expected a whole number from 0 to 4294967295"));
  }
  if (!rng::thread_generator().defined()) {  // variables are the process's, not a thread's
    setenv("PL_GLOBAL_SEED", text(*seed).c_str(), 1);
    setenv("PL_SEED_WORKERS", workers ? "1" : "0", 1);
  }
  at::Generator generator = rng::default_generator();
  const std::lock_guard lock(generator.mutex());
  generator.set_current_seed(*seed);
  return *seed;
}

/// The state of the default random generator, as bytes.
inline at::Tensor rng_state() {
  at::Generator generator = rng::default_generator();
  const std::lock_guard lock(generator.mutex());
  return generator.get_state();
}
/// Gives the default random generator a state back.
inline void set_rng_state(const at::Tensor& state) {
  at::Generator generator = rng::default_generator();
  const std::lock_guard lock(generator.mutex());
  generator.set_state(state);
}

/// Restores the default random generator when it goes out of scope, also by an exception: what is
/// drawn in between leaves no trace.
class IsolatedRng {
 public:
  IsolatedRng() : state_(rng_state()) {}
  ~IsolatedRng() { set_rng_state(state_); }
  IsolatedRng(const IsolatedRng&) = delete;
  IsolatedRng& operator=(const IsolatedRng&) = delete;

 private:
  at::Tensor state_;
};

}  // namespace lt
