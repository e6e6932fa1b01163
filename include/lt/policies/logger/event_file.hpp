// SPDX-License-Identifier: Apache-2.0
// TensorBoard's event files: TFRecord frames around `Event` messages.
// Source: tensorflow/core/lib/io/record_writer.h and tensorboard/compat/proto/event.proto.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/core/text.hpp"
#include "lt/policies/logger/append_file.hpp"
#include "lt/policies/logger/protobuf.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace lt::detail {

/// CRC-32C (Castagnoli; reflected polynomial 0x82F63B78).
inline std::uint32_t crc32c(std::string_view data) {
  static constexpr auto table = [] {
    std::array<std::uint32_t, 256> out{};
    for (std::uint32_t i = 0; i < 256; ++i) {
      std::uint32_t crc = i;
      for (int bit = 0; bit < 8; ++bit) {
        crc = (crc & 1U) != 0 ? 0x82F63B78U ^ crc >> 1U : crc >> 1U;
      }
      out[i] = crc;
    }
    return out;
  }();
  std::uint32_t crc = 0xFFFFFFFFU;
  for (const char c : data) {
    crc = table[(crc ^ static_cast<unsigned char>(c)) & 0xFFU] ^ crc >> 8U;
  }
  return ~crc;
}

/// The form in which TFRecord keeps it, so that a CRC of data with CRCs in it stays a good one.
inline std::uint32_t masked_crc32c(std::string_view data) {
  const std::uint32_t crc = crc32c(data);
  return (crc >> 15U | crc << 17U) + 0xA282EAD8U;
}

/// One record: its length, the length's CRC, its bytes, their CRC.
inline std::string tf_record(std::string_view data) {
  std::string out;
  append_little_endian(out, data.size(), 8);
  append_little_endian(out, masked_crc32c(out), 4);
  out += data;
  append_little_endian(out, masked_crc32c(data), 4);
  return out;
}

/// Seconds since 1970, as events have them.
inline double wall_time() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

/// The file of one writer, `events.out.tfevents.<time>.<host>.<process>.<number>`; never one that
/// is there already, so that a file torn by a crash stays as it is beside the new one. Records wait
/// in memory until `flush`; a record is written whole or not at all.
class EventFile {
 public:
  /// Errors: lt::Error lt[E348] when the file cannot be made.
  explicit EventFile(const std::filesystem::path& folder) {
    static std::atomic<std::int64_t> count = 0;
    std::array<char, 256> host{};
    if (::gethostname(host.data(), host.size() - 1) != 0 || host[0] == '\0') {
      std::strcpy(host.data(), "localhost");
    }
    const double now = wall_time();
    std::string seconds = text(static_cast<std::int64_t>(now));
    seconds.insert(0, seconds.size() < 10 ? 10 - seconds.size() : 0, '0');
    int file = -1;
    do {
      path_ = folder / text("events.out.tfevents.", seconds, ".", host.data(), ".", ::getpid(), ".",
                            count++);
      file = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    } while (file < 0 && (errno == EEXIST || errno == EINTR));
    if (file < 0) {
      throw Error(text("lt[E348] TensorBoardLogger: cannot make '", path_.string(), "': ",
                       std::strerror(errno)));
    }
    ::close(file);
    pending_ = tf_record(ProtoMessage()
                             .number(1, now)
                             .bytes(3, "brain.Event:2")
                             .message(10, ProtoMessage().bytes(1, "lt.TensorBoardLogger"))
                             .str());
    count_ = 1;
  }

  const std::filesystem::path& path() const { return path_; }

  /// Adds a `Summary` with one value, given as the bytes of `Summary.Value`.
  void add(const ProtoMessage& value, std::int64_t step, double time) {
    ProtoMessage event;
    event.number(1, time);
    if (step != 0) {
      event.whole(2, step);
    }
    pending_ += tf_record(event.message(5, ProtoMessage().message(1, value)).str());
    ++count_;
  }

  /// Errors: lt::Error lt[E349]; the file keeps its whole records.
  void flush() {
    if (count_ == 0) {
      return;
    }
    const std::string block = std::exchange(pending_, {});
    const std::size_t count = std::exchange(count_, 0);
    if (const auto why = append_or_nothing(path_, block)) {
      throw Error(text("lt[E349] TensorBoardLogger: cannot write '", path_.string(), "': ", *why,
                       "; lost ", count, count == 1 ? " event" : " events",
                       "; what was written before is whole"));
    }
  }

 private:
  std::filesystem::path path_;
  std::string pending_;
  std::size_t count_ = 0;
};

}  // namespace lt::detail
