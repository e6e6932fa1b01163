// SPDX-License-Identifier: Apache-2.0
// What of lt::cli needs no LibTorch compiles in seconds; the target brings CLI11 and yaml-cpp.
#include <lt/cli/program.hpp>

#include <iostream>

int main() {
  lt::cli::Program program;
  program.catalogue.commands = {{"fit", "train the model"}};
  const lt::cli::Request request = lt::cli::CommandLine(program.catalogue)
                                       .parse({"fit", "--trainer.max_epochs", "3", "--print_config"});
  std::cout << lt::cli::to_yaml(lt::cli::settings_of(program, request).config);
}
