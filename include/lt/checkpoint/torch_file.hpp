// SPDX-License-Identifier: Apache-2.0
// Checkpoints as `torch.save` writes them: a zip archive with a pickle and a record for each
// storage.
#pragma once

#include "lt/checkpoint/atomic_file.hpp"
#include "lt/checkpoint/pickle_reader.hpp"
#include "lt/checkpoint/pickle_writer.hpp"
#include "lt/checkpoint/value.hpp"
#include "lt/core/errors.hpp"
#include "lt/core/text.hpp"

#include <caffe2/serialize/inline_container.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <tuple>
#include <utility>

namespace lt::checkpoint {

namespace detail {

/// The zip archive is LibTorch's. Its writer ends the program when a write fails, so it is told
/// that all went well and the error comes afterwards.
class TorchArchive {
 public:
  explicit TorchArchive(AtomicFile& file)
      : file_(file), writer_([this](const void* data, std::size_t size) {
          if (failed_ == nullptr) {
            try {
              file_.write(data, size);
            } catch (const std::exception&) {
              failed_ = std::current_exception();
            }
          }
          return size;
        }) {}

  void record(const std::string& name, const void* data, std::size_t size) {
    writer_.writeRecord(name, data, size);
  }
  /// Errors: the first of all writes.
  void finish() {
    writer_.writeEndOfFile();
    if (failed_ != nullptr) {
      std::rethrow_exception(failed_);
    }
  }

 private:
  AtomicFile& file_;
  std::exception_ptr failed_;
  caffe2::serialize::PyTorchStreamWriter writer_;
};

inline std::string first_line(std::string_view text) {
  return std::string(text.substr(0, text.find('\n')));
}

}  // namespace detail

/// Writes `tree` as `torch.save` would, to a file that appears whole or not at all; an earlier file
/// stays whole on any error. Python reads it with `torch.load(path, weights_only=True)`. The folder
/// must be there. Errors: lt::CheckpointError lt[E222] naming the file, lt[E224] naming the key.
inline void write_torch(const std::filesystem::path& path, const Value& tree) {
  detail::PickleWriter pickle;
  const std::string data = pickle.write(tree);
  AtomicFile file(path);
  detail::TorchArchive archive(file);
  archive.record("data.pkl", data.data(), data.size());
  archive.record("byteorder", "little", 6);
  for (std::size_t i = 0; i < pickle.storages().size(); ++i) {
    const c10::Storage& storage = pickle.storages()[i].storage();
    archive.record(lt::text("data/", i), storage.data(), storage.nbytes());
  }
  archive.finish();
  file.commit();
}

/// Reads what `torch.save` or `write_torch` has written. Tensors are on the CPU.
/// Errors: lt::CheckpointError lt[E201] if there is no such file, lt[E221] if it is something else,
/// damaged, or holds Python objects beyond tensors, numbers, texts, lists and dicts.
inline Value read_torch(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    throw CheckpointError(lt::text("lt[E201] Checkpoint file not found: ", path.string()));
  }
  if (!std::filesystem::is_regular_file(path, error)) {
    throw CheckpointError(
        lt::text("lt[E221] ", path.string(), " is no file; expected a file of torch.save"));
  }
  try {
    caffe2::serialize::PyTorchStreamReader archive(path.string());
    if (!archive.hasRecord("data.pkl")) {
      throw CheckpointError(lt::text("lt[E221] ", path.string(),
                                     " has no record data.pkl; expected a file of torch.save"));
    }
    if (archive.hasRecord("byteorder")) {
      const auto [order, size] = archive.getRecord("byteorder");
      const std::string_view found(static_cast<const char*>(order.get()), size);
      if (found != "little") {
        throw CheckpointError(lt::text("lt[E221] ", path.string(),
                                       " was written in the byte order '", found,
                                       "'; expected 'little'"));
      }
    }
    const auto [pickle, pickle_size] = archive.getRecord("data.pkl");
    detail::PickleReader reader({static_cast<const char*>(pickle.get()), pickle_size},
                                path.string(), [&](const std::string& key) {
                                  auto [data, size] = archive.getRecord("data/" + key);
                                  at::Tensor bytes = at::_ops::empty_memory_format::call(
                                      {static_cast<std::int64_t>(size)}, at::kByte, at::kStrided,
                                      at::Device(at::kCPU), false, std::nullopt);
                                  std::copy_n(static_cast<const char*>(data.get()), size,
                                              static_cast<char*>(bytes.mutable_data_ptr()));
                                  return bytes;
                                });
    return reader.read();
  } catch (const c10::Error& damage) {
    throw CheckpointError(lt::text("lt[E221] ", path.string(),
                                   " is damaged, or no file of "
                                   "torch.save: ",
                                   detail::first_line(damage.what_without_backtrace())));
  }
}

}  // namespace lt::checkpoint
