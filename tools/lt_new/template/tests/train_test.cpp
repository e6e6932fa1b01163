#include "train.hpp"

#include <iostream>

int main() {
  const Report report = train(10, true);
  const bool fine = report.epochs == 10 && report.accuracy > 0.9 && report.checkpoint.empty();
  std::cout << (fine ? "passed" : "failed") << ": accuracy " << report.accuracy << " after "
            << report.epochs << " epochs\n";
  return fine ? 0 : 1;
}
