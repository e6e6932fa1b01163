// SPDX-License-Identifier: Apache-2.0
// Local ranks: processes of this very program, each told by torchrun's variables which rank it is.
// No LibTorch here.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/core/text.hpp"
#include "lt/distributed/rank_place.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

extern char** environ;  // POSIX declares it in no header

namespace lt::distributed {

/// A file descriptor that is closed with its owner.
class Descriptor {
 public:
  explicit Descriptor(int descriptor = -1) : descriptor_(descriptor) {}
  Descriptor(Descriptor&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~Descriptor() { reset(); }
  int get() const { return descriptor_; }
  bool is_open() const { return descriptor_ >= 0; }
  void reset() {
    if (descriptor_ >= 0) {
      ::close(std::exchange(descriptor_, -1));
    }
  }

 private:
  int descriptor_;
};

/// A socket of this machine, on a port that is free, on which rank zero is to serve the store.
/// Whoever holds it holds the port: no other program can take it in between.
struct StoreSocket {
  Descriptor socket;
  std::uint16_t port = 0;

  /// Errors: lt::DistributedError (E522).
  static StoreSocket open() {
    StoreSocket made{Descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), 0};
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* const plain = reinterpret_cast<sockaddr*>(&address);
    if (!made.socket.is_open() || ::bind(made.socket.get(), plain, size) != 0 ||
        ::getsockname(made.socket.get(), plain, &size) != 0) {
      throw DistributedError(text("lt[E522] no port of this machine could be had for the store: ",
                                  std::string_view(std::strerror(errno))));
    }
    made.port = ntohs(address.sin_port);
    return made;
  }
};

/// How a process ended.
struct Ending {
  int status = 0;  ///< of `waitpid`

  bool well() const { return WIFEXITED(status) && WEXITSTATUS(status) == 0; }
  /// As a shell tells it: 128 + the signal.
  int exit_status() const {
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }
  std::string description() const {
    if (WIFSIGNALED(status)) {
      return text("was killed by signal ", WTERMSIG(status), " (",
                  std::string_view(::strsignal(WTERMSIG(status))), ")");
    }
    return text("ended with status ", WEXITSTATUS(status));
  }
};

namespace detail {

/// This process's own command line.
inline std::vector<std::string> own_arguments() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  const std::string all{std::istreambuf_iterator<char>(file), {}};
  std::vector<std::string> arguments;
  for (std::size_t at = 0; at < all.size(); at += arguments.back().size() + 1) {
    arguments.emplace_back(all.c_str() + at);
  }
  return arguments;
}

inline std::vector<std::string> environment_for(const RankPlace& place) {
  const std::vector<std::pair<std::string, std::string>> own = {
      {"LT_LAUNCHED", "1"},
      {"RANK", text(place.global_rank)},
      {"WORLD_SIZE", text(place.world_size)},
      {"LOCAL_RANK", text(place.local_rank)},
      {"LOCAL_WORLD_SIZE", text(place.local_world_size)},
      {"GROUP_RANK", text(place.node_rank)},
      {"MASTER_ADDR", place.main_address},
      {"MASTER_PORT", text(place.main_port)},
      {"TORCHELASTIC_RESTART_COUNT", text(place.attempt)},
      {"LT_STORE_SOCKET", place.listen_socket < 0 ? "" : text(place.listen_socket)},
  };
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view line = *entry;
    bool replaced = false;
    for (const auto& [name, value] : own) {
      replaced = replaced || line.starts_with(name + "=");
    }
    if (!replaced) {
      all.emplace_back(line);
    }
  }
  for (const auto& [name, value] : own) {
    all.push_back(name + "=" + value);
  }
  return all;
}

inline std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (std::string& line : texts) {
    out.push_back(line.data());
  }
  out.push_back(nullptr);
  return out;
}

}  // namespace detail

/// Starts this program once more, with the same arguments, as the rank of `place`. It is the leader
/// of a process group of its own, so that it and what it starts get a signal together, and it is
/// killed when the thread that started it ends. `output`: where its standard output and error go;
/// -1: where ours go.
/// Errors: lt::DistributedError (E514).
inline pid_t start_rank(const RankPlace& place, int output = -1) {
  std::vector<std::string> arguments = detail::own_arguments();
  std::vector<std::string> environment = detail::environment_for(place);
  const std::vector<char*> argv = detail::pointers(arguments);
  const std::vector<char*> envp = detail::pointers(environment);
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) {
    throw DistributedError(text("lt[E514] rank ", place.global_rank, " could not be started: ",
                                std::string_view(std::strerror(errno))));
  }
  if (child > 0) {
    ::setpgid(child, child);  // here too: whoever comes first
    return child;
  }
  // In the child, between fork and exec: nothing but system calls.
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) {
    ::_exit(1);  // it ended before the line above
  }
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (place.listen_socket >= 0) {
    ::fcntl(place.listen_socket, F_SETFD, 0);
  }
  if (output >= 0) {
    ::dup2(output, STDOUT_FILENO);
    ::dup2(output, STDERR_FILENO);
  }
  ::execve("/proc/self/exe", argv.data(), envp.data());
  ::_exit(127);
}

/// Sends a signal to a rank and to what it has started.
inline void signal_rank(pid_t rank, int signal) { ::kill(-rank, signal); }

}  // namespace lt::distributed
