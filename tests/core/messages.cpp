// SPDX-License-Identifier: Apache-2.0
#include <lt/core/messages.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace {
using Lines = std::vector<std::string>;

lt::MessageSink into(Lines& lines) {
  return [&lines](const lt::Message& message) {
    lines.push_back((message.severity == lt::Severity::warning ? "warning " : "info ") +
                    std::string(message.code) + " " + std::string(message.text));
  };
}
}  // namespace

TEST_CASE("messages go to the sink, with code and severity") {
  Lines lines;
  lt::Messages messages;
  messages.set_sink(into(lines));
  messages.info("I001", "hello");
  messages.warn("W001", "careful");
  CHECK(lines == Lines{"info I001 hello", "warning W001 careful"});
}

TEST_CASE("a warning is said once, another text again") {
  Lines lines;
  lt::Messages messages;
  messages.set_sink(into(lines));
  messages.warn("W001", "a");
  messages.warn("W001", "a");
  messages.warn("W001", "b");
  messages.info("I001", "x");
  messages.info("I001", "x");
  CHECK(lines == Lines{"warning W001 a", "warning W001 b", "info I001 x", "info I001 x"});
}

TEST_CASE("only rank zero speaks") {
  Lines lines;
  lt::Messages messages;
  messages.set_sink(into(lines));
  messages.set_rank(1);
  messages.info("I001", "a");
  messages.set_rank(0);
  messages.info("I001", "b");
  CHECK(lines == Lines{"info I001 b"});
}

TEST_CASE("an empty sink silences") {
  lt::Messages messages;
  messages.set_sink({});
  CHECK_NOTHROW(messages.warn("W001", "nobody hears this"));
}
