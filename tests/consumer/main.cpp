// SPDX-License-Identifier: Apache-2.0
#include <lt/lt.hpp>

#include <ATen/core/Tensor.h>

#include <iostream>

int main() {
  try {
    throw lt::ConfigError("max_epochs is -2, must be -1 or more");
  } catch (const lt::Error& error) {
    std::cout << "caught: " << error.what() << '\n';
  }
  // Links and loads LibTorch.
  std::cout << "undefined tensor: " << std::boolalpha << !at::Tensor().defined() << '\n';
}
