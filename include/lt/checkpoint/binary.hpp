// SPDX-License-Identifier: Apache-2.0
// Checkpoints as files of lt's own: compact, quick, and safe against damage. (Python reads
// Lightning's files, not these.)
#pragma once

#include "lt/checkpoint/atomic_file.hpp"
#include "lt/checkpoint/binary_reader.hpp"
#include "lt/checkpoint/binary_writer.hpp"
#include "lt/checkpoint/value.hpp"
#include "lt/core/errors.hpp"
#include "lt/core/text.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <istream>
#include <ostream>
#include <string>
#include <system_error>

namespace lt::checkpoint {

/// Writes `tree` to a file that appears whole or not at all; an earlier file stays whole on any
/// error. Tensors are written from their device, dense and contiguous. The folder must be there.
/// Errors: lt::CheckpointError lt[E222] naming the file or the key.
inline void write_binary(const std::filesystem::path& path, const Value& tree) {
  AtomicFile file(path);
  binary::write(file, tree);
  file.commit();
}

/// The same to a stream. Errors: also if the stream fails.
inline void write_binary(std::ostream& out, const Value& tree) {
  struct Sink {
    std::ostream& out;
    void write(const void* data, std::size_t size) {
      out.write(static_cast<const char*>(data), static_cast<std::streamsize>(size));
    }
  };
  Sink sink{out};
  binary::write(sink, tree);
  if (!out.flush()) {
    throw CheckpointError("lt[E222] checkpoint: the stream cannot be written");
  }
}

/// Reads what `write_binary` has written, from here to the end of the stream, which must be able to
/// tell its position. Tensors are on the CPU. `name` is what messages call the stream.
/// Errors: lt::CheckpointError lt[E221] for anything else, damaged and cut off data included.
inline Value read_binary(std::istream& in, const std::string& name = "the stream") {
  const auto begin = in.tellg();
  in.seekg(0, std::ios::end);
  const auto end = in.tellg();
  in.seekg(begin);
  if (!in) {
    throw CheckpointError(lt::text("lt[E221] ", name, " cannot be read"));
  }
  return binary::Reader(in, static_cast<std::uint64_t>(end - begin), name).read();
}

/// The same from a file. Errors: lt[E201] if there is no such file.
inline Value read_binary(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    throw CheckpointError(lt::text("lt[E201] Checkpoint file not found: ", path.string()));
  }
  if (std::filesystem::is_directory(path, error)) {
    throw CheckpointError(
        lt::text("lt[E221] ", path.string(), " is a folder; expected a checkpoint file"));
  }
  std::ifstream in(path, std::ios::binary);
  return read_binary(in, path.string());
}

}  // namespace lt::checkpoint
