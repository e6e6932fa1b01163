// SPDX-License-Identifier: Apache-2.0
// What one rank can find out about the others when a collective has failed.
#pragma once

#include "lt/core/text.hpp"
#include "lt/distributed/rank_place.hpp"

#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/Store.hpp>

#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <exception>
#include <fstream>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace lt::distributed {

/// The other ranks, as they have written themselves into the store. Ranks that are no `lt` program
/// write nothing there.
class Peers {
 public:
  Peers(const RankPlace& place, const c10::intrusive_ptr<c10d::Store>& store)
      : world_size_(place.world_size),
        rank_(place.global_rank),
        // Of a client of its own: the other may be in the middle of an exchange.
        store_(c10::make_intrusive<c10d::PrefixStore>("lt", store)) {
    store_->set(text("process/", rank_), bytes(text(host_name(), " ", ::getpid())));
  }

  /// Called once a collective has failed here. Ranks that fail as well say so within `patience`;
  /// one that does not, or whose process is gone, is the cause.
  std::string explain(std::string_view operation, std::chrono::milliseconds patience) const {
    // The store may hang as well: it is asked on a thread that nobody needs to wait for.
    auto answer = std::make_shared<std::promise<std::string>>();
    std::future<std::string> future = answer->get_future();
    std::thread([answer, peers = *this, operation = std::string(operation), patience] {
      try {
        answer->set_value(peers.ask(operation, patience));
      } catch (const std::exception&) {
        answer->set_value("the store does not answer: the process that serves it has ended");
      }
    }).detach();
    const bool answered = future.wait_for(patience + std::chrono::seconds(1)) ==
                          std::future_status::ready;
    return answered ? future.get() : "the store does not answer: the process that serves it hangs";
  }

 private:
  using Clock = std::chrono::steady_clock;

  std::string ask(const std::string& operation, std::chrono::milliseconds patience) const {
    store_->set(text("failed/", rank_), bytes(operation));
    const Clock::time_point end = Clock::now() + patience;
    for (;;) {
      std::vector<std::int64_t> silent;
      for (std::int64_t other = 0; other < world_size_; ++other) {
        if (other == rank_ || store_->check({text("failed/", other)})) {
          continue;
        }
        if (has_ended(other)) {
          return text("the process of rank ", other, " has ended");
        }
        silent.push_back(other);
      }
      if (silent.empty()) {
        return "all other ranks have failed as well";
      }
      if (Clock::now() > end) {
        return text(silent.size() == 1 ? "rank " : "ranks ", list_of(silent),
                    silent.size() == 1 ? " hangs or is" : " hang or are", " out of reach");
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }

  // Only of this machine's processes it can be said.
  bool has_ended(std::int64_t other) const {
    const std::string key = text("process/", other);
    if (!store_->check({key})) {
      return false;
    }
    const std::vector<std::uint8_t> found = store_->get(key);
    const std::string process(found.begin(), found.end());
    const std::size_t space = process.find(' ');
    if (process.substr(0, space) != host_name()) {
      return false;
    }
    std::ifstream file("/proc/" + process.substr(space + 1) + "/stat");
    std::string line;
    std::getline(file, line);
    const std::size_t state = line.rfind(") ");
    return line.empty() || (state != line.npos && line.substr(state + 2, 1) == "Z");
  }

  static std::string list_of(const std::vector<std::int64_t>& ranks) {
    std::string out;
    for (const std::int64_t rank : ranks) {
      out += text(out.empty() ? "" : ", ", rank);
    }
    return out;
  }
  static std::vector<std::uint8_t> bytes(const std::string& line) {
    return {line.begin(), line.end()};
  }
  static std::string host_name() {
    std::array<char, 256> name{};
    ::gethostname(name.data(), name.size() - 1);
    return name.data();
  }

  std::int64_t world_size_;
  std::int64_t rank_;
  c10::intrusive_ptr<c10d::Store> store_;
};

}  // namespace lt::distributed
