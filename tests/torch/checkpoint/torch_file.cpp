// SPDX-License-Identifier: Apache-2.0
// torch.save's form, written and read by lt. What Python makes of it is shown in tests/interop.
#include "lt/checkpoint/torch_file.hpp"
#include "lt/policies/checkpoint_io/async.hpp"
#include "lt/policies/checkpoint_io/torch.hpp"

#include <torch/torch.h>

#include "doctest_torch.hpp"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <semaphore>
#include <string>
#include <utility>
#include <vector>

#include <sys/resource.h>
#include <unistd.h>

using lt::checkpoint::Bytes;
using lt::checkpoint::Dict;
using lt::checkpoint::List;
using lt::checkpoint::Value;
using lt::checkpoint::detail::PickleReader;

namespace {

struct Folder {
  Folder()
      : path(std::filesystem::temp_directory_path() /
             ("lt_torch_file_" + std::to_string(::getpid()))) {
    std::filesystem::remove_all(path);
    std::filesystem::create_directories(path);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

Value tree() {
  return Dict{{"epoch", 3},
              {"big", std::numeric_limits<std::int64_t>::min()},
              {"negative", -5},
              {"number", 0.1},
              {"flag", true},
              {"nothing", nullptr},
              {"text", "ü\n"},
              {"bytes", Bytes{std::string("\0\x7f\xff", 3)}},
              {"list", List{1, "a", Dict{{7, 2.5}}}},
              {"empty", Dict()},
              {"tensor", torch::arange(6.0).view({2, 3}).t()}};
}

Value unpickled(std::string_view pickle) {
  return PickleReader(pickle, "the pickle",
                      [](const std::string&) { return torch::zeros({8}, torch::kUInt8); })
      .read();
}

/// No file may grow beyond `bytes`: what a full disk does, without one.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    rlimit limit = before_;
    limit.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
  void (*handler_)(int);
};

}  // namespace

TEST_SUITE("torch_file") {
  TEST_CASE("every kind of value comes back") {
    const Folder folder;
    lt::checkpoint_io::Torch io;
    const auto path = folder.path / "new/a.ckpt";
    io.save_checkpoint(tree(), path);
    const Value back = io.load_checkpoint(path);
    CHECK(back.get<std::int64_t>("epoch") == 3);
    CHECK(back.get<std::int64_t>("big") == std::numeric_limits<std::int64_t>::min());
    CHECK(back.get<std::int64_t>("negative") == -5);
    CHECK(back.get<double>("number") == 0.1);
    CHECK(back.get<bool>("flag"));
    CHECK(back.at("nothing").is_null());
    CHECK(back.get<std::string>("text") == "ü\n");
    CHECK(back.get<Bytes>("bytes").data == std::string("\0\x7f\xff", 3));
    CHECK(back.get<double>("list", 2, 7) == 2.5);
    CHECK(back.at("empty").is_dict());
    CHECK(back.get<at::Tensor>("tensor").equal(torch::arange(6.0).view({2, 3}).t()));
    io.remove_checkpoint(path);
    CHECK_FALSE(std::filesystem::exists(path));
  }

  TEST_CASE("types, empty and shared tensors") {
    const Folder folder;
    List list;
    for (const auto type : {torch::kFloat, torch::kDouble, torch::kHalf, torch::kBFloat16,
                            torch::kLong, torch::kInt, torch::kShort, torch::kChar, torch::kByte,
                            torch::kBool, torch::kComplexFloat, torch::kComplexDouble}) {
      list.push_back(torch::ones({2, 2}, type));
    }
    list.push_back(torch::zeros({0, 3}));
    list.push_back(torch::tensor(2.0));
    const at::Tensor base = torch::arange(10);
    list.push_back(base.slice(0, 2, 5));
    list.push_back(base);
    lt::checkpoint::write_torch(folder.path / "a", list);
    const Value back = lt::checkpoint::read_torch(folder.path / "a");
    for (std::size_t i = 0; i < list.size(); ++i) {
      const at::Tensor tensor = back.list()[i].as<at::Tensor>();
      CHECK((tensor.scalar_type() == list[i].as<at::Tensor>().scalar_type()));
      CHECK(tensor.equal(list[i].as<at::Tensor>()));
    }
    CHECK(back.list()[14].as<at::Tensor>().storage().data() ==
          back.list()[15].as<at::Tensor>().storage().data());
  }

  TEST_CASE("what cannot be kept is named") {
    const Folder folder;
    const Value bad = Dict{{"a", List{torch::ones({2, 2}).to_sparse()}}};
    CHECK_THROWS_WITH_AS(lt::checkpoint::write_torch(folder.path / "a", bad),
                         doctest::Contains("lt[E224]"), lt::CheckpointError);
    CHECK(std::filesystem::is_empty(folder.path));
  }

  TEST_CASE("files that are none, or damaged, are errors and nothing else") {
    const Folder folder;
    const auto path = folder.path / "a.ckpt";
    CHECK_THROWS_WITH_AS(lt::checkpoint::read_torch(path), doctest::Contains("lt[E201]"),
                         lt::CheckpointError);
    lt::checkpoint::write_torch(path, tree());
    const std::string whole = read_file(path);
    for (std::size_t size = 0; size < whole.size(); size += 97) {
      std::ofstream(path, std::ios::binary) << whole.substr(0, size);
      CHECK_THROWS_WITH_AS(lt::checkpoint::read_torch(path), doctest::Contains("lt[E221]"),
                           lt::CheckpointError);
    }
    for (std::size_t at = 0; at < whole.size(); at += 31) {
      std::string flipped = whole;
      flipped[at] = static_cast<char>(flipped[at] ^ 0x55);
      std::ofstream(path, std::ios::binary) << flipped;
      try {
        lt::checkpoint::read_torch(path);  // a byte between the records may be anything
      } catch (const lt::CheckpointError&) {
      }
    }
  }

  TEST_CASE("a full disk: the earlier checkpoint stays whole") {
    const Folder folder;
    const auto path = folder.path / "last.ckpt";
    lt::checkpoint::write_torch(path, Dict{{"epoch", 1}});
    {
      const FileSizeLimit limit(100'000);
      CHECK_THROWS_WITH_AS(lt::checkpoint::write_torch(path, Dict{{"w", torch::ones({100'000})}}),
                           doctest::Contains("lt[E222]"), lt::CheckpointError);
    }
    CHECK(lt::checkpoint::read_torch(path).get<std::int64_t>("epoch") == 1);
    CHECK(std::distance(std::filesystem::directory_iterator(folder.path), {}) == 1);
  }
}

TEST_SUITE("the unpickler") {
  TEST_CASE("refuses what is no checkpoint") {
    for (const std::string_view pickle : {
             std::string_view("\x80\x02.", 3),  // nothing there
             std::string_view("\x80\x02K", 3),  // cut off
             std::string_view("\x80\x02X\xff\xff\xff\x7f"
                              "a.",
                              9),                          // longer than the file
             std::string_view("\x80\x02h\x05.", 5),        // never kept
             std::string_view("\x80\x02K\x01K\x02s.", 8),  // into a number
             std::string_view("\x80\x02(K\x01K\x02.", 8),  // a mark left... a value above it
             std::string_view("\x80\x02]q\x00h\x00"
                              "a.",
                              8),                               // a list that holds itself
             std::string_view("\x80\x02}K\x01\x85K\x02s.", 9),  // a tuple as a key
         }) {
      try {
        unpickled(pickle);
      } catch (const lt::CheckpointError& error) {
        CHECK(std::string(error.what()).find("lt[E221]") != std::string::npos);
        continue;
      }
      CHECK(pickle.substr(2, 1) == "(");  // leftovers below the last value are Python's too
    }
  }

  TEST_CASE("runs no code") {
    CHECK_THROWS_WITH_AS(unpickled("\x80\x02"
                                   "cos\nsystem\nX\x04\x00\x00\x00true\x85R."),
                         doctest::Contains("damaged"), lt::CheckpointError);
    const std::string_view call(
        "\x80\x02"
        "cos\nsystem\n(tR.",
        17);
    CHECK_THROWS_WITH_AS(unpickled(call), doctest::Contains("the Python class os.system"),
                         lt::CheckpointError);
  }

  TEST_CASE("keeps tensors within their storage") {
    const auto pickle = [](std::string_view offset_and_sizes) {
      return "\x80\x02"
             "ctorch._utils\n_rebuild_tensor_v2\n(("
             "X\x07" +
             std::string(3, '\0') + "storagectorch\nFloatStorage\nX\x01" + std::string(3, '\0') +
             "0X\x03" + std::string(3, '\0') + "cpuK\x02tQ" + std::string(offset_and_sizes) +
             "\x89NtR.";
    };
    CHECK(unpickled(pickle(std::string_view("K\x00K\x02\x85K\x01\x85", 8)))
              .as<at::Tensor>()
              .numel() == 2);
    for (const std::string_view bad :
         {std::string_view("K\x01K\x02\x85K\x01\x85", 8),
          std::string_view("K\x00K\x03\x85K\x01\x85", 8),
          std::string_view("K\x00K\x02\x85K\x02\x85", 8),
          std::string_view("J\xff\xff\xff\xffK\x01\x85K\x01\x85", 11)}) {
      CHECK_THROWS_WITH_AS(unpickled(pickle(bad)), doctest::Contains("reaches beyond its storage"),
                           lt::CheckpointError);
    }
  }
}

namespace {

/// Notes what it is asked for; may hang and fail.
struct Inner {
  using policy_family = lt::checkpoint_io_tag;
  struct Shared {
    std::vector<std::string> events;
    std::binary_semaphore disk{0};
    bool hangs = false;
    bool fails = false;
    at::Tensor saved;
  };
  void save_checkpoint(const lt::Checkpoint& checkpoint, const std::filesystem::path& path) {
    if (shared->hangs) {
      shared->disk.acquire();
    }
    if (shared->fails) {
      throw lt::CheckpointError("no room for " + path.string());
    }
    shared->saved = checkpoint.get<at::Tensor>("w");
    shared->events.push_back("save " + path.string());
  }
  lt::Checkpoint load_checkpoint(const std::filesystem::path&) { return {}; }
  void remove_checkpoint(const std::filesystem::path& path) {
    shared->events.push_back("remove " + path.string());
  }
  void link_checkpoint(const std::filesystem::path&, const std::filesystem::path& link) {
    shared->events.push_back("link " + link.string());
  }
  void teardown() { shared->events.push_back("teardown"); }
  Shared* shared;
};

}  // namespace

TEST_SUITE("Async") {
  TEST_CASE("save returns before anything is written, and keeps the values of that moment") {
    Inner::Shared shared;
    shared.hangs = true;
    lt::checkpoint_io::Async<Inner> io(Inner{&shared});
    const at::Tensor weight = torch::zeros({2});
    io.save_checkpoint(Dict{{"w", weight}}, "a");
    io.remove_checkpoint("old");
    io.link_checkpoint("a", "last");
    weight.fill_(7);
    shared.disk.release();
    io.teardown();
    CHECK(shared.events ==
          std::vector<std::string>{"save a", "remove old", "link last", "teardown"});
    CHECK(shared.saved.equal(torch::zeros({2})));
  }

  TEST_CASE("a failed save removes nothing and is said at the next save") {
    Inner::Shared shared;
    shared.fails = true;
    lt::checkpoint_io::Async<Inner> io(Inner{&shared});
    const Value checkpoint = Dict{{"w", torch::zeros({2})}};
    io.save_checkpoint(checkpoint, "a");
    io.remove_checkpoint("old");
    CHECK_THROWS_WITH_AS(io.save_checkpoint(checkpoint, "b"), "no room for a", lt::CheckpointError);
    CHECK(shared.events.empty());
    shared.fails = false;
    io.save_checkpoint(checkpoint, "c");
    io.teardown();
    CHECK(shared.events == std::vector<std::string>{"save c", "teardown"});
  }

  TEST_CASE("or at the end; without an end it is waited for all the same") {
    Inner::Shared shared;
    shared.fails = true;
    {
      lt::checkpoint_io::Async<Inner> io(Inner{&shared});
      io.save_checkpoint(Dict{{"w", torch::zeros({2})}}, "a");
      CHECK_THROWS_AS(io.teardown(), lt::CheckpointError);
      CHECK_NOTHROW(io.teardown());
      shared.fails = false;
      io.save_checkpoint(Dict{{"w", torch::zeros({2})}}, "b");
    }
    CHECK(shared.events.back() == "save b");
  }
}
