// SPDX-License-Identifier: Apache-2.0
// The bytes of event files. That TensorBoard reads them value for value is shown in tests/interop.
#include "lt/policies/logger/tensorboard_logger.hpp"

#include "torch/callbacks/fake_run.hpp"
#include "torch/loggers/support.hpp"

#include <torch/torch.h>

#include "doctest_torch.hpp"

#include <cstring>
#include <filesystem>
#include <limits>
#include <string>
#include <utility>
#include <vector>

using lt_test::FileSizeLimit;
using lt_test::table;

namespace {

std::uint64_t little_endian(std::string_view bytes) {
  std::uint64_t out = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) {
    out = out << 8U | static_cast<unsigned char>(bytes[i]);
  }
  return out;
}

/// The payloads of a file whose frames are all whole and sound.
std::vector<std::string> records(const std::filesystem::path& path) {
  const std::string file = lt_test::read_file(path);
  std::string_view rest = file;
  std::vector<std::string> out;
  while (!rest.empty()) {
    REQUIRE(rest.size() >= 16);
    const std::size_t size = little_endian(rest.substr(0, 8));
    REQUIRE(little_endian(rest.substr(8, 4)) == lt::detail::masked_crc32c(rest.substr(0, 8)));
    REQUIRE(rest.size() >= size + 16);
    const std::string_view data = rest.substr(12, size);
    REQUIRE(little_endian(rest.substr(12 + size, 4)) == lt::detail::masked_crc32c(data));
    out.emplace_back(data);
    rest.remove_prefix(size + 16);
  }
  return out;
}

std::vector<std::filesystem::path> event_files(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> out;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().filename().string().starts_with("events.out.tfevents.")) {
      out.push_back(entry.path());
    }
  }
  return out;
}

struct Fixture {
  explicit Fixture(lt::TensorBoardLogger::Options options = {})
      : logger(placed(std::move(options))) {
    logger.open(run);
  }
  lt::TensorBoardLogger::Options placed(lt::TensorBoardLogger::Options options) const {
    options.save_dir = folder.path.string();
    return options;
  }
  std::vector<std::string> events() {
    logger.save();
    const auto files = event_files(logger.log_dir());
    REQUIRE(files.size() == 1);
    return records(files[0]);
  }

  lt_test::TempFolder folder;
  lt_test::FakeRun run;
  lt::TensorBoardLogger logger;
};

}  // namespace

TEST_SUITE("the pieces") {
  TEST_CASE("CRC-32C of the standard's test vectors") {
    CHECK(lt::detail::crc32c("123456789") == 0xE3069283U);
    CHECK(lt::detail::crc32c(std::string(32, '\0')) == 0x8A9136AAU);
    CHECK(lt::detail::crc32c(std::string(32, '\xff')) == 0x62A8AB43U);
  }

  TEST_CASE("messages, byte for byte") {
    using lt::detail::ProtoMessage;
    CHECK(ProtoMessage().whole(1, 150).str() == "\x08\x96\x01");
    CHECK(ProtoMessage().bytes(2, "testing").str() == "\x12\x07testing");
    CHECK(ProtoMessage().whole(1, -1).str().size() == 11);
    CHECK(ProtoMessage().small_number(2, 1.0F).str() == std::string("\x15\0\0\x80\x3f", 5));
    CHECK(lt::detail::scalar_value("a", 0.5).str() == std::string("\x0a\x01"
                                                                  "a\x15\0\0\0\x3f",
                                                                  8));
  }

  TEST_CASE("a PNG of one pixel") {
    const std::string image = lt::detail::png(std::string("\x10\x20\x30", 3), 1, 1, 3);
    CHECK(image.starts_with("\x89PNG\r\n\x1a\n"));
    CHECK(image.find("IHDR") == 12);
    CHECK(image.ends_with(std::string("\0\0\0\0IEND\xae\x42\x60\x82", 12)));
  }

  TEST_CASE("a stored stream of more than one block") {
    const std::string stream = lt::detail::zlib_stored(std::string(70000, 'x'));
    CHECK(stream.size() == 2 + 5 + 65535 + 5 + (70000 - 65535) + 4);
    CHECK(stream[2] == '\0');
    CHECK(stream[2 + 5 + 65535] == '\1');
  }
}

TEST_SUITE("the file") {
  TEST_CASE("its name and its first event") {
    Fixture f;
    const auto events = f.events();
    REQUIRE(events.size() == 1);
    CHECK(events[0].find("brain.Event:2") != std::string::npos);
    const std::string name = event_files(f.logger.log_dir())[0].filename().string();
    CHECK(name.find("." + std::to_string(::getpid()) + ".") != std::string::npos);
    CHECK(f.logger.log_dir() == f.folder.path / "lightning_logs/version_0");
  }

  TEST_CASE("an event for each metric, with prefix and sub_dir") {
    Fixture f{{.prefix = "p", .sub_dir = "sub"}};
    f.logger.log_metrics(table({{"loss", 0.5}, {"nan", std::numeric_limits<double>::quiet_NaN()}}),
                         300);
    const auto events = f.events();
    REQUIRE(events.size() == 3);
    CHECK(events[1].find(lt::detail::scalar_value("p-loss", 0.5).str()) != std::string::npos);
    CHECK(events[1].find("\x10\xac\x02") != std::string::npos);  // the step
    CHECK(events[2].find("p-nan") != std::string::npos);
    CHECK(f.logger.log_dir() == f.folder.path / "lightning_logs/version_0/sub");
    f.logger.log_hyperparams(lt::HyperParams{{"lr", {0.1}}});
    CHECK(lt_test::read_file(f.logger.log_dir() / "hparams.yaml") == "lr: 0.1\n");
  }

  TEST_CASE("one torn by a crash stays as it is, and a new one goes on beside it") {
    lt_test::TempFolder folder;
    const auto torn = folder.path / "lightning_logs/v/events.out.tfevents.0000000001.host.1.0";
    lt_test::write_file(torn, "\x18\0\0\0half");
    lt::TensorBoardLogger logger{{.save_dir = folder.path.string(), .version = "v"}};
    lt_test::FakeRun run;
    logger.open(run);
    logger.log_metrics(table({{"a", 1.0}}), 1);
    logger.finalize("success");
    CHECK(lt_test::read_file(torn) == "\x18");
    const auto files = event_files(logger.log_dir());
    REQUIRE(files.size() == 2);
    CHECK(records(files[0] == torn ? files[1] : files[0]).size() == 2);
    CHECK(lt_test::read_file(logger.log_dir() / "hparams.yaml") == "{}\n");
  }

  TEST_CASE("a full disk: whole records, an error, then on") {
    Fixture f;
    const std::size_t before = f.events().size();
    {
      const FileSizeLimit limit(std::filesystem::file_size(event_files(f.logger.log_dir())[0]) +
                                20);
      f.logger.log_metrics(table({{"a", 1.0}, {"b", 2.0}}), 1);
      CHECK_THROWS_WITH_AS(f.logger.save(), doctest::Contains("lost 2 events"), lt::Error);
    }
    CHECK(f.events().size() == before);
    f.logger.log_metrics(table({{"a", 1.0}}), 2);
    CHECK(f.events().size() == before + 1);
  }

  TEST_CASE("a folder that cannot be written") {
    lt_test::TempFolder folder;
    lt_test::write_file(folder.path / "file", "");
    lt_test::FakeRun run;
    lt::TensorBoardLogger logger{{.save_dir = folder.path.string(), .name = "file"}};
    CHECK_THROWS_WITH_AS(logger.open(run), doctest::Contains("TensorBoardLogger: cannot write"),
                         lt::ConfigError);
    CHECK_THROWS_WITH_AS(lt::TensorBoardLogger({.sub_dir = "../up"}),
                         doctest::Contains("leads out of save_dir"), lt::ConfigError);
  }
}

TEST_SUITE("hyper-parameters") {
  TEST_CASE("the three summaries and hp_metric, unless it is switched off") {
    Fixture f;
    f.logger.log_hyperparams(lt::HyperParams{{"lr", {0.1}}});
    const auto events = f.events();
    REQUIRE(events.size() == 5);
    CHECK(events[1].find("hp_metric") != std::string::npos);
    CHECK(events[2].find("_hparams_/experiment") != std::string::npos);
    CHECK(events[3].find("_hparams_/session_start_info") != std::string::npos);
    CHECK(events[4].find("_hparams_/session_end_info") != std::string::npos);
    Fixture off{{.default_hp_metric = false}};
    off.logger.log_hyperparams(lt::HyperParams{{"lr", {0.1}}});
    CHECK(off.events().size() == 1);
  }

  TEST_CASE("maps are flattened, other values are Python's texts") {
    lt::HyperParams flat;
    const lt::HyperValue one{lt::HyperParams{{"a", {std::int64_t{1}}}}};
    lt::detail::flatten(flat, {{"x", {lt::HyperParams{{"y", one}}}},
                               {"list", {lt::HyperValue::List{one, one}}},
                               {"plain", {lt::HyperValue::List{{true}, {std::string("s")}, {}}}}});
    std::vector<std::string> names;
    for (const auto& param : flat) {
      names.push_back(param.name);
    }
    CHECK(names == std::vector<std::string>{"x/y/a", "list/0/a", "list/1/a", "plain"});
    CHECK(lt::detail::python_text(flat[3].value, false) == "[True, 's', None]");
  }
}

TEST_SUITE("values that cannot be shown") {
  TEST_CASE("are errors that name them") {
    Fixture f;
    CHECK_THROWS_WITH_AS(f.logger.add_histogram("w", torch::tensor({1.0, std::nan("")}), 0),
                         doctest::Contains("add_histogram('w'): value 1 of 2 is nan"),
                         lt::DataError);
    CHECK_THROWS_AS(f.logger.add_histogram("w", torch::empty({0}), 0), lt::DataError);
    CHECK_THROWS_WITH_AS(f.logger.add_image("i", torch::zeros({2, 4, 4}), 0),
                         doctest::Contains("found shape [2, 4, 4]"), lt::DataError);
    CHECK(f.events().size() == 1);
  }
}
