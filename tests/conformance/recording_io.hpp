// SPDX-License-Identifier: Apache-2.0
// A checkpoint IO that notes what is saved, loaded, removed and linked, and then really does it.
#pragma once

#include "recorder.hpp"

#include "lt/checkpoint/link_file.hpp"
#include "lt/core/parts.hpp"
#include "lt/policies/checkpoint_io/binary.hpp"

#include <filesystem>

namespace conformance {

class RecordingIo {
 public:
  using policy_family = lt::checkpoint_io_tag;

  RecordingIo() = default;
  explicit RecordingIo(Recorder& recorder) : recorder_(&recorder) {}

  void save_checkpoint(const lt::Checkpoint& checkpoint, const std::filesystem::path& path) {
    recorder_->event("save_checkpoint", "io",
                     {{"path", recorder_->relative(path)},
                      {"weights_only", !checkpoint.contains("optimizer_states")}});
    binary_.save_checkpoint(checkpoint, path);
  }
  lt::Checkpoint load_checkpoint(const std::filesystem::path& path) {
    recorder_->event("load_checkpoint", "io", {{"path", recorder_->relative(path)}});
    return binary_.load_checkpoint(path);
  }
  void remove_checkpoint(const std::filesystem::path& path) {
    const bool existed = std::filesystem::exists(std::filesystem::symlink_status(path));
    recorder_->event("remove_checkpoint", "io",
                     {{"path", recorder_->relative(path)}, {"existed", existed}});
    binary_.remove_checkpoint(path);
  }
  void link_checkpoint(const std::filesystem::path& target, const std::filesystem::path& link) {
    recorder_->event(
        "link_checkpoint", "io",
        {{"path", recorder_->relative(link)}, {"target", recorder_->relative(target)}});
    if (target != link) {
      lt::checkpoint::link_file(target, link);
    }
  }
  void teardown() {}

 private:
  Recorder* recorder_ = nullptr;
  lt::checkpoint_io::Binary binary_;
};

}  // namespace conformance
