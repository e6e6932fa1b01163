// SPDX-License-Identifier: Apache-2.0
// doctest for tests that include LibTorch, whose `operator<<` for vectors accepts every element type
// and then fails to compile: vectors are shown by their size.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace doctest {

template <class T>
struct StringMaker<std::vector<T>> {
  static String convert(const std::vector<T>& items) {
    return (std::to_string(items.size()) + " elements").c_str();
  }
};

}  // namespace doctest
