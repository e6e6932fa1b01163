#include "train.hpp"

#include <exception>
#include <iostream>

int main() {
  try {
    const Report report = train(20);
    std::cout << "accuracy: " << report.accuracy << '\n'
              << "checkpoint: " << report.checkpoint << '\n';
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "@NAME@: " << error.what() << '\n';
    return 1;
  }
}
