// SPDX-License-Identifier: Apache-2.0
// lt-ckpt: looks into checkpoints of lt and of Lightning.
#include "report.hpp"

#include <lt/checkpoint/binary.hpp>
#include <lt/checkpoint/torch_file.hpp>
#include <lt/core/errors.hpp>

#include <exception>
#include <fstream>
#include <iostream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr std::string_view help =
    R"(usage: lt-ckpt show FILE           where the run stood, and every value: type, shape, size
       lt-ckpt diff FIRST SECOND   what differs: only in the first (-), the second (+), both (~)
       lt-ckpt convert FROM TO     writes TO in the other form: lt's own, or torch.save's

Files of lt (checkpoint_io::Binary, checkpoint_io::Torch) and of Python's Lightning are read.
Status: 0, with diff 1 if something differs, 2 for an error.
)";

// torch.save writes zip archives.
bool is_torch_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  char begin[2] = {};
  in.read(begin, sizeof begin);
  return begin[0] == 'P' && begin[1] == 'K';
}

lt::checkpoint::Value read(const std::string& path) {
  return is_torch_file(path) ? lt::checkpoint::read_torch(path) : lt::checkpoint::read_binary(path);
}

int run(std::span<const std::string> words) {
  if (words.size() == 1 && (words[0] == "--help" || words[0] == "-h")) {
    std::cout << help;
    return 0;
  }
  if (words.size() == 2 && words[0] == "show") {
    const auto tree = read(words[1]);
    std::cout << "format: " << (is_torch_file(words[1]) ? "torch.save" : "lt") << '\n'
              << tool::show(tree);
    return 0;
  }
  if (words.size() == 3 && words[0] == "diff") {
    const std::string found = tool::diff(read(words[1]), read(words[2]));
    std::cout << found;
    return found.empty() ? 0 : 1;
  }
  if (words.size() == 3 && words[0] == "convert") {
    const auto tree = read(words[1]);
    if (is_torch_file(words[1])) {
      lt::checkpoint::write_binary(words[2], tree);
    } else {
      lt::checkpoint::write_torch(words[2], tree);
    }
    return 0;
  }
  std::cerr << help;
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const std::vector<std::string> words(argv + 1, argv + argc);
    const int status = run(words);
    if (!std::cout.flush()) {
      std::cerr << "lt-ckpt: the output cannot be written\n";
      return 2;
    }
    return status;
  } catch (const std::exception& error) {
    std::cerr << "lt-ckpt: " << error.what() << '\n';
    return 2;
  }
}
