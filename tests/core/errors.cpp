// SPDX-License-Identifier: Apache-2.0
#include <lt/core/errors.hpp>

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>
#include <type_traits>

TEST_CASE_TEMPLATE("every error is an lt::Error with its text", E, lt::ConfigError, lt::DataError,
                   lt::CheckpointError, lt::DistributedError, lt::Interrupted) {
  static_assert(std::is_base_of_v<std::runtime_error, E>);
  try {
    throw E(std::string("found 3, expected 4"));
  } catch (const lt::Error& error) {
    CHECK(std::string(error.what()) == "found 3, expected 4");
  }
}

TEST_CASE("causes are told apart") {
  static_assert(!std::is_base_of_v<lt::ConfigError, lt::DataError>);
  CHECK_THROWS_AS(throw lt::DataError("x"), lt::DataError);
}
