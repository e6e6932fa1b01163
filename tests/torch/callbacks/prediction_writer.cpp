// SPDX-License-Identifier: Apache-2.0
#include "lt/policies/callback/prediction_writer.hpp"

#include "lt/core/errors.hpp"

#include "torch/callbacks/fake_run.hpp"

#include "doctest_torch.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace {
using lt::WriteInterval;

// The part of a trainer's context that a writer needs.
struct PredictRun : lt_test::FakeRun {
  lt::BatchIndices batch_indices() const { return now; }
  const std::vector<std::vector<int>>& predictions() const { return all; }

  lt::BatchIndices now;
  std::vector<std::vector<int>> all;
};

struct BatchWriter {
  void write_on_batch_end(auto&, const int& prediction, const lt::BatchIndices& indices,
                          const std::string& batch, std::int64_t batch_idx,
                          std::int64_t dataloader_idx) {
    lines.push_back(lt::text(prediction, " ", indices, " ", batch, " ", batch_idx, " ",
                             dataloader_idx));
  }
  std::vector<std::string> lines;
};
struct EpochWriter {
  void write_on_epoch_end(auto&, const std::vector<std::vector<int>>& predictions,
                          const lt::EpochIndices& indices) {
    lines.push_back(lt::text(predictions, " ", indices));
  }
  std::vector<std::string> lines;
};
struct Both : BatchWriter, EpochWriter {};

// Two loaders: two batches and one.
template <class Callback>
void predict(Callback& callback, PredictRun& run) {
  run.eval_batches = {2, 1};
  callback.on_predict_epoch_start(run);
  run.now = {0, 1};
  callback.on_predict_batch_end(run, 10, std::string("a"), 0, 0);
  run.now = {2};
  callback.on_predict_batch_end(run, 11, std::string("b"), 1, 0);
  run.now = {7, 8};
  callback.on_predict_batch_end(run, 12, std::string("c"), 0, 1);
  run.all = {{10, 11}, {12}};
  callback.on_predict_epoch_end(run);
}
const std::vector<std::string> batch_lines{"10 [0, 1] a 0 0", "11 [2] b 1 0", "12 [7, 8] c 0 1"};
const std::vector<std::string> epoch_lines{"[[10, 11], [12]] [[[0, 1], [2]], [[7, 8]]]"};
}  // namespace

TEST_CASE("every batch is written as it comes") {
  PredictRun run;
  lt::PredictionWriter callback{BatchWriter{}};
  predict(callback, run);
  CHECK(callback.writer().lines == batch_lines);
  CHECK_FALSE(callback.writes_on_epoch_end());
}

TEST_CASE("or all at the end, and again in the next run") {
  PredictRun run;
  lt::PredictionWriter callback{EpochWriter{}, {.write_interval = WriteInterval::epoch}};
  predict(callback, run);
  CHECK(callback.writer().lines == epoch_lines);
  predict(callback, run);
  REQUIRE(callback.writer().lines.size() == 2);
  CHECK(callback.writer().lines[1] == epoch_lines[0]);
}

TEST_CASE("or both") {
  PredictRun run;
  lt::PredictionWriter callback{Both{}, {.write_interval = WriteInterval::batch_and_epoch}};
  predict(callback, run);
  CHECK(callback.writer().BatchWriter::lines == batch_lines);
  CHECK(callback.writer().EpochWriter::lines == epoch_lines);
}

TEST_CASE("a writer of both writes what it is told to") {
  PredictRun run;
  lt::PredictionWriter callback{Both{}, {.write_interval = WriteInterval::epoch}};
  predict(callback, run);
  CHECK(callback.writer().BatchWriter::lines.empty());
  CHECK(callback.writer().EpochWriter::lines == epoch_lines);
}

TEST_CASE("the writer has what the interval asks for") {
  CHECK_THROWS_WITH_AS(lt::PredictionWriter{EpochWriter{}},
                       doctest::Contains("write_interval = batch needs a writer with a member "
                                         "write_on_batch_end"),
                       lt::ConfigError);
  const lt::PredictionWriterOptions both{.write_interval = WriteInterval::batch_and_epoch};
  CHECK_THROWS_WITH_AS((lt::PredictionWriter{BatchWriter{}, both}),
                       doctest::Contains("write_on_epoch_end"), lt::ConfigError);
}
