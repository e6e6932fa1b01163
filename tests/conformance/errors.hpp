// SPDX-License-Identifier: Apache-2.0
// Errors as traces name them: Python's type and a code (suite/README.md, "Errors").
#pragma once

#include "values.hpp"

#include <exception>
#include <stdexcept>
#include <string>
#include <utility>

namespace conformance {

/// Python's type and the code of an error.
struct Described {
  std::string type;
  std::string gist;
};

/// An exception of the case itself: one that an action raises, or a mistake that `lt`'s types leave
/// no way to make (cases marked `static`).
class CaseError : public std::runtime_error {
 public:
  CaseError(std::string type, std::string gist)
      : std::runtime_error(gist), described_{std::move(type), std::move(gist)} {}
  const Described& described() const { return described_; }

 private:
  Described described_;
};

/// The case asks for something that `lt` does not have; it gets no trace.
class Unsupported : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What Python would have thrown. An unknown error gets a gist that begins with UNCLASSIFIED.
Described describe(const std::exception& exception);

/// The type that `on_exception` sees; for an interrupt it is not the one that the caller sees.
std::string type_in_hook(const std::exception& exception);

}  // namespace conformance
