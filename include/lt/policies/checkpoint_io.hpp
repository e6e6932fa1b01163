// SPDX-License-Identifier: Apache-2.0
// Checkpoint IO: how a checkpoint becomes a file, and a file a checkpoint. Consulted on rank zero
// whenever a checkpoint is saved or removed, on all ranks when one is loaded, and at the end of the
// run.
//
// Satisfied by: Binary, Torch, Async.
#pragma once

#include "lt/checkpoint/checkpoint.hpp"
#include "lt/core/errors.hpp"
#include "lt/core/parts.hpp"
#include "lt/core/type_list.hpp"

#include <concepts>
#include <filesystem>
#include <map>

namespace lt {

/// A checkpoint IO keeps checkpoints under paths. It reports errors as lt::CheckpointError, and a
/// failed save leaves an earlier file whole.
template <class P>
concept CheckpointIo =
    std::same_as<family_of_t<P>, checkpoint_io_tag> &&
    requires(P& io, const Checkpoint& checkpoint, const std::filesystem::path& path) {
      io.save_checkpoint(checkpoint, path);  // folders that are missing are created
      { io.load_checkpoint(path) } -> std::same_as<Checkpoint>;  // tensors on the CPU
      io.remove_checkpoint(path);  // a file or a folder; nothing if there is none
      io.teardown();               // what is under way must be done
    };

namespace archetype {
/// The smallest legal checkpoint IO: keeps checkpoints in memory.
class CheckpointIo {
 public:
  using policy_family = checkpoint_io_tag;

  void save_checkpoint(const Checkpoint& checkpoint, const std::filesystem::path& path) {
    saved_[path] = checkpoint;
  }
  Checkpoint load_checkpoint(const std::filesystem::path& path) {
    if (!saved_.contains(path)) {
      throw CheckpointError("Checkpoint file not found: " + path.string());
    }
    return saved_[path];
  }
  void remove_checkpoint(const std::filesystem::path& path) { saved_.erase(path); }
  void teardown() {}

 private:
  std::map<std::filesystem::path, Checkpoint> saved_;
};
}  // namespace archetype

namespace checkpoint_io {
class Binary;
class Torch;  // lt/torch_checkpoint.hpp
template <class Inner>
class Async;
/// All checkpoint IOs, the preferred first.
using all = type_list<Binary, Torch, Async<Binary>>;
}  // namespace checkpoint_io

}  // namespace lt
