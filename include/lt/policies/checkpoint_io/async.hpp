// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lt/checkpoint/link_file.hpp"
#include "lt/checkpoint/snapshot.hpp"
#include "lt/core/writer_thread.hpp"
#include "lt/policies/checkpoint_io.hpp"
#include "lt/policies/checkpoint_io/binary.hpp"

#include <filesystem>
#include <memory>
#include <string_view>
#include <utility>

namespace lt::checkpoint_io {

/// Writes behind the run: `save_checkpoint` copies the tensors and returns, and a thread hands the
/// copy to `Inner`. At most one checkpoint is under way: the next save waits for it. Files are
/// removed and linked behind the save that was asked for before, and only if it succeeded: an old
/// checkpoint goes when the new one is there. The end of the run waits.
/// Errors: those of `Inner`, from the next save or load, or from the end of the run.
template <class Inner = Binary>
class Async {
 public:
  using policy_family = checkpoint_io_tag;
  static constexpr std::string_view name = "Async";

  explicit Async(Inner inner = Inner())
      : thread_(std::make_unique<lt::detail::WriterThread<Behind>>(Behind{std::move(inner)})) {}

  void save_checkpoint(const Checkpoint& checkpoint, const std::filesystem::path& path) {
    wait();
    post([copy = checkpoint::snapshot(checkpoint), path](Inner& inner) {
      inner.save_checkpoint(copy, path);
    });
  }
  Checkpoint load_checkpoint(const std::filesystem::path& path) {
    wait();
    Checkpoint loaded;
    post([&](Inner& inner) { loaded = inner.load_checkpoint(path); });
    wait();
    return loaded;
  }
  void remove_checkpoint(const std::filesystem::path& path) {
    post([path](Inner& inner) { inner.remove_checkpoint(path); });
  }
  void link_checkpoint(const std::filesystem::path& target, const std::filesystem::path& link) {
    post([target, link](Inner& inner) {
      if constexpr (requires { inner.link_checkpoint(target, link); }) {
        inner.link_checkpoint(target, link);
      } else {
        checkpoint::link_file(target, link);
      }
    });
  }
  /// Waits for what is under way.
  void teardown() {
    wait();
    post([](Inner& inner) { inner.teardown(); });
    wait();
  }

 private:
  struct Behind {
    Inner inner;
    bool failed = false;  // and nobody has heard of it yet
  };

  template <class Job>
  void post(Job job) {
    thread_->post([job = std::move(job)](Behind& behind) {
      if (!behind.failed) {
        behind.failed = true;
        job(behind.inner);
        behind.failed = false;
      }
    });
  }
  void wait() {
    try {
      thread_->wait();
    } catch (...) {
      thread_->post([](Behind& behind) { behind.failed = false; });
      throw;
    }
  }

  std::unique_ptr<lt::detail::WriterThread<Behind>> thread_;
};

}  // namespace lt::checkpoint_io
