// SPDX-License-Identifier: Apache-2.0
// The exceptions of `lt`, one type for each cause.
#pragma once

#include <stdexcept>

namespace lt {

/// Base of every exception that `lt` throws. The text names the thing, the value found and the
/// value expected.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// An option, a combination of parts or a use of the API that cannot work.
class ConfigError : public Error {
 public:
  using Error::Error;
};

/// A data file, dataset, loader or batch that is not what it should be.
class DataError : public Error {
 public:
  using Error::Error;
};

/// A checkpoint that cannot be written, found, read or applied.
class CheckpointError : public Error {
 public:
  using Error::Error;
};

/// A collective, a rendezvous or another rank that failed.
class DistributedError : public Error {
 public:
  using Error::Error;
};

/// The run was asked to end from outside: an interrupt (Ctrl-C) or SIGTERM. Callbacks have been
/// told and loggers are closed when it reaches the caller.
class Interrupted : public Error {
 public:
  using Error::Error;
};

}  // namespace lt
