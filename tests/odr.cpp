// SPDX-License-Identifier: Apache-2.0
// A second unit in every test binary: whatever a header defines twice, the linker says here.
#ifdef LT_TEST_TORCH
#include <lt/lt.hpp>
#include <lt/nn.hpp>

#include <doctest/doctest.h>

namespace {

/// Every test case draws the same numbers in every run, alone or among others.
struct SeedEachCase : doctest::IReporter {
  explicit SeedEachCase(const doctest::ContextOptions&) {}
  void test_case_start(const doctest::TestCaseData&) override { torch::manual_seed(42); }
  void test_case_reenter(const doctest::TestCaseData&) override { torch::manual_seed(42); }
  void report_query(const doctest::QueryData&) override {}
  void test_run_start() override {}
  void test_run_end(const doctest::TestRunStats&) override {}
  void test_case_end(const doctest::CurrentTestCaseStats&) override {}
  void test_case_exception(const doctest::TestCaseException&) override {}
  void subcase_start(const doctest::SubcaseSignature&) override {}
  void subcase_end() override {}
  void log_assert(const doctest::AssertData&) override {}
  void log_message(const doctest::MessageData&) override {}
  void test_case_skipped(const doctest::TestCaseData&) override {}
};

REGISTER_LISTENER("seed", 1, SeedEachCase);

}  // namespace
#else
#include "lt_core_headers.hpp"  // all headers of layers 1-2, written by tests/CMakeLists.txt
#endif
