// SPDX-License-Identifier: Apache-2.0
// Processes of this very program: how one is started, told to end, and how it ended.
#pragma once

#include "lt/core/text.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
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

/// Names and values of environment variables.
using Variables = std::vector<std::pair<std::string, std::string>>;

namespace detail {

// This process's environment with some variables set or replaced, as "NAME=value".
inline std::vector<std::string> environment_with(const Variables& own) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view line = *entry;
    const bool replaced = std::any_of(own.begin(), own.end(), [line](const auto& variable) {
      return line.starts_with(variable.first + "=");
    });
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

/// A process to be started.
struct Command {
  std::vector<std::string> arguments;  ///< the program's name among them
  Variables variables{};               ///< set beside this process's own
  int output = -1;                     ///< where its output and errors go; -1: where ours go
  int inherited = -1;                  ///< a descriptor that it keeps
};

/// Starts this program once more. The process leads a process group of its own, so that it and what
/// it starts get a signal together, and is killed when the thread that started it ends. -1 when it
/// could not be started; errno says why.
inline pid_t start_self(Command command) {
  std::vector<std::string> environment = detail::environment_with(command.variables);
  const std::vector<char*> argv = detail::pointers(command.arguments);
  const std::vector<char*> envp = detail::pointers(environment);
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) {
    return -1;
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
  if (command.inherited >= 0) {
    ::fcntl(command.inherited, F_SETFD, 0);
  }
  if (command.output >= 0) {
    ::dup2(command.output, STDOUT_FILENO);
    ::dup2(command.output, STDERR_FILENO);
  }
  ::execve("/proc/self/exe", argv.data(), envp.data());
  ::_exit(127);
}

/// Sends a signal to a process that `start_self` has started, and to what that has started.
inline void signal_group(pid_t process, int signal) { ::kill(-process, signal); }

}  // namespace lt::distributed
