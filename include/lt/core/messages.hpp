// SPDX-License-Identifier: Apache-2.0
// The one way by which `lt` says something to a person: messages with stable codes, each warning
// once, to a sink that the host program can replace or silence.
#pragma once

#include <cstdint>
#include <cstdio>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace lt {

enum class Severity : unsigned char { info, warning };

/// One message. `code` is stable ("W012"), so a host can filter by it.
struct Message {
  Severity severity = Severity::info;
  std::string_view code;
  std::string_view text;
};

/// Where messages go. Type-erased: a message is written a few times in a run, never per batch.
using MessageSink = std::function<void(const Message&)>;

/// Writes to standard error: `lt[W012] text`.
inline void write_to_stderr(const Message& message) {
  const std::string line =
      "lt[" + std::string(message.code) + "] " + std::string(message.text) + "\n";
  std::fwrite(line.data(), 1, line.size(), stderr);
}

/// The messages of one run.
class Messages {
 public:
  /// Replaces the sink; an empty one silences everything.
  void set_sink(MessageSink sink) { sink_ = std::move(sink); }
  /// Ranks other than zero stay silent.
  void set_rank(std::int64_t rank) { silent_ = rank != 0; }

  void info(std::string_view code, std::string_view text) const {
    send({Severity::info, code, text});
  }
  /// Says it the first time only.
  void warn(std::string_view code, std::string_view text) {
    if (said_.emplace(std::string(code) + std::string(text)).second) {
      send({Severity::warning, code, text});
    }
  }

 private:
  void send(const Message& message) const {
    if (!silent_ && sink_) {
      sink_(message);
    }
  }

  MessageSink sink_ = write_to_stderr;
  bool silent_ = false;
  std::set<std::string> said_;
};

}  // namespace lt
