// SPDX-License-Identifier: Apache-2.0
// Runs the cases of the conformance suite through `lt` and writes their traces:
//   conformance --cases DIR --out DIR [--only GLOB]
#include "errors.hpp"
#include "run.hpp"

#include <ATen/Parallel.h>

#include <fnmatch.h>
#include <stdlib.h>

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

namespace fs = std::filesystem;

namespace {

/// An empty directory; the program works in it while it lives.
class WorkingDirectory {
 public:
  WorkingDirectory() : before_(fs::current_path()) {
    std::string name = (fs::temp_directory_path() / "conformance-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) {
      throw std::runtime_error("cannot make a directory like " + name);
    }
    path_ = fs::canonical(name);
    fs::current_path(path_);
  }
  ~WorkingDirectory() {
    std::error_code ignored;
    fs::current_path(before_, ignored);
    fs::remove_all(path_, ignored);
  }
  WorkingDirectory(const WorkingDirectory&) = delete;
  WorkingDirectory& operator=(const WorkingDirectory&) = delete;

  const fs::path& path() const { return path_; }

 private:
  fs::path before_;
  fs::path path_;
};

struct Arguments {
  fs::path cases;
  fs::path out;
  std::string only = "*";
};

Arguments parse(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (i + 1 == argc || (name != "--cases" && name != "--out" && name != "--only")) {
      throw std::runtime_error("usage: conformance --cases DIR --out DIR [--only GLOB]");
    }
    const std::string value = argv[++i];
    if (name == "--cases") {
      arguments.cases = fs::absolute(value);
    } else if (name == "--out") {
      arguments.out = fs::absolute(value);
    } else {
      arguments.only = value;
    }
  }
  return arguments;
}

/// Writes the trace of one case; false if it is not supported or broke the driver.
bool run_case(const fs::path& file, const fs::path& out) {
  const std::string name = file.stem().string();
  try {
    std::ifstream in(file);
    const auto the_case = conformance::Json::parse(in);
    const WorkingDirectory directory;
    const auto trace = conformance::record(the_case, directory.path());
    conformance::write_trace(trace, out / file.filename());
    return true;
  } catch (const conformance::Unsupported& reason) {
    std::cout << "unsupported " << name << ": " << reason.what() << '\n';
  } catch (const std::exception& error) {
    std::cout << "broken " << name << ": " << error.what() << '\n';
  }
  return false;
}

}  // namespace

int main(int argc, char** argv) try {
  const Arguments arguments = parse(argc, argv);
  at::set_num_threads(1);
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(arguments.cases)) {
    const std::string name = entry.path().stem().string();
    if (entry.path().extension() == ".json" &&
        fnmatch(arguments.only.c_str(), name.c_str(), 0) == 0 && conformance::is_selected(name)) {
      files.push_back(entry.path());
    }
  }
  std::ranges::sort(files);
  fs::create_directories(arguments.out);
  std::size_t written = 0;
  for (const fs::path& file : files) {
    written += run_case(file, arguments.out) ? 1 : 0;
  }
  std::cout << written << " of " << files.size() << " traces written\n";
  return EXIT_SUCCESS;
} catch (const std::exception& error) {
  std::cerr << "conformance: " << error.what() << '\n';
  return EXIT_FAILURE;
}
