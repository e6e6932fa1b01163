// SPDX-License-Identifier: Apache-2.0
#include "lt/checkpoint/atomic_file.hpp"
#include "lt/checkpoint/binary.hpp"
#include "support.hpp"

#include <sys/resource.h>
#include <sys/wait.h>

#include <csignal>

using namespace test;
using lt::checkpoint::AtomicFile;

namespace {

void write(const std::filesystem::path& path, const std::string& text) {
  AtomicFile file(path);
  file.write(text.data(), text.size());
  file.commit();
}

/// Runs `f` in a process of its own, which ends with what `f` returns.
template <class F>
int in_child(F&& f) {
  const pid_t child = ::fork();
  if (child == 0) {
    int result = 99;
    try {
      result = f();
    } catch (...) {
    }
    ::_exit(result);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

/// The disk is full after `size` bytes.
void limit_files(rlim_t size) {
  std::signal(SIGXFSZ, SIG_IGN);
  const rlimit limit{size, size};
  ::setrlimit(RLIMIT_FSIZE, &limit);
}

}  // namespace

TEST_CASE("atomic file: appears when it is committed") {
  const Folder folder;
  const auto path = folder / "a";
  {
    AtomicFile file(path);
    file.write("abc", 3);
    CHECK(!std::filesystem::exists(path));
    file.commit();
  }
  CHECK(read_file(path) == "abc");
  CHECK(folder.count() == 1);
}

TEST_CASE("atomic file: replaces an earlier file at once") {
  const Folder folder;
  write(folder / "a", "old");
  AtomicFile file(folder / "a");
  file.write("new one", 7);
  CHECK(read_file(folder / "a") == "old");
  file.commit();
  CHECK(read_file(folder / "a") == "new one");
  CHECK(folder.count() == 1);
}

TEST_CASE("atomic file: without a commit nothing has happened") {
  const Folder folder;
  write(folder / "a", "old");
  {
    AtomicFile file(folder / "a");
    const std::string large(1 << 18, 'x');
    file.write(large.data(), large.size());
  }
  CHECK(read_file(folder / "a") == "old");
  CHECK(folder.count() == 1);
}

TEST_CASE("atomic file: small and large pieces in their order") {
  const Folder folder;
  std::string expected;
  {
    AtomicFile file(folder / "a");
    for (std::size_t i = 0; i < 40; ++i) {
      const std::string piece(i * i * i * 3, static_cast<char>('a' + i % 26));
      file.write(piece.data(), piece.size());
      expected += piece;
    }
    file.commit();
  }
  CHECK(read_file(folder / "a") == expected);
}

TEST_CASE("atomic file: a link is replaced, not what it points to") {
  const Folder folder;
  write(folder / "target", "target");
  std::filesystem::create_symlink("target", folder / "last");
  write(folder / "last", "new");
  CHECK(read_file(folder / "target") == "target");
  CHECK(read_file(folder / "last") == "new");
  CHECK(!std::filesystem::is_symlink(folder / "last"));
}

TEST_CASE("atomic file: long names and relative names") {
  const Folder folder;
  const std::string name(250, 'n');
  write(folder.path() / name, "x");
  CHECK(read_file(folder.path() / name) == "x");
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  write("relative", "y");
  std::filesystem::current_path(before);
  CHECK(read_file(folder / "relative") == "y");
}

TEST_CASE("atomic file: two at once do not disturb each other") {
  const Folder folder;
  AtomicFile one(folder / "a");
  AtomicFile two(folder / "a");
  one.write("one", 3);
  two.write("two", 3);
  two.commit();
  one.commit();
  CHECK(read_file(folder / "a") == "one");
  CHECK(folder.count() == 1);
}

TEST_CASE("atomic file: on a full disk the earlier file stays whole") {
  const Folder folder;
  write(folder / "a", "old");
  for (const std::size_t size : {std::size_t{5000}, std::size_t{1} << 20}) {  // in commit, in write
    const int result = in_child([&] {
      limit_files(4096);
      const std::string text = error_of([&] { write(folder / "a", std::string(size, 'x')); });
      const bool named =
          text.find("lt[E222] checkpoint " + (folder / "a").string() + " cannot be written: ") == 0;
      return named && folder.count() == 1 ? 7 : 8;
    });
    CHECK(result == 7);
    CHECK(read_file(folder / "a") == "old");
  }
}

TEST_CASE("atomic file: a checkpoint too large for the disk leaves the earlier one readable") {
  const Folder folder;
  const auto path = folder / "last.ckpt";
  lt::checkpoint::write_binary(path, lt::checkpoint::Dict{{"epoch", 1}});
  const lt::checkpoint::Value large = lt::checkpoint::Dict{{"weights", torch::zeros({100000})}};
  const int result = in_child([&] {
    limit_files(1 << 16);
    return error_of([&] { lt::checkpoint::write_binary(path, large); }).empty() ? 8 : 7;
  });
  CHECK(result == 7);
  CHECK(lt::checkpoint::read_binary(path).get<int>("epoch") == 1);
  CHECK(folder.count() == 1);
}

TEST_CASE("atomic file: a folder that may not be written is an error that names the file") {
  const Folder folder;
  write(folder / "a", "old");
  std::filesystem::permissions(
      folder.path(), std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
  const int result = in_child([&] {
    // The superuser may write everywhere: be somebody else.
    if (::geteuid() == 0 &&
        (::chown(folder.path().c_str(), 65534, 65534) != 0 || ::setuid(65534) != 0)) {
      return 9;
    }
    const std::string text = error_of([&] { write(folder / "a", "new"); });
    return text.find((folder / "a").string() + " cannot be created: Permission denied") !=
                   std::string::npos
               ? 7
               : 8;
  });
  CHECK(result == 7);
  std::filesystem::permissions(folder.path(), std::filesystem::perms::owner_all);
  CHECK(read_file(folder / "a") == "old");
}

TEST_CASE("atomic file: a missing folder and a folder as target are errors") {
  const Folder folder;
  CHECK(has(error_of([&] { write(folder / "none" / "a", "x"); }),
            "cannot be created: No such file or directory"));
  std::filesystem::create_directory(folder / "sub");
  CHECK(has(error_of([&] { write(folder / "sub", "x"); }), "cannot be put in place: "));
  CHECK(std::filesystem::is_directory(folder / "sub"));
  CHECK(folder.count() == 1);
}
