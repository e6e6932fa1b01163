// SPDX-License-Identifier: Apache-2.0
// PredictionWriter: hands predictions to the user's own writer. Lightning's BasePredictionWriter.
#pragma once

#include "lt/core/errors.hpp"
#include "lt/core/reflect.hpp"
#include "lt/policies/callback.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace lt {

/// When predictions are written.
enum class WriteInterval : std::uint8_t { batch, epoch, batch_and_epoch };

constexpr std::string_view enum_name(WriteInterval interval) {
  constexpr std::string_view names[] = {"batch", "epoch", "batch_and_epoch"};
  return names[static_cast<std::size_t>(interval)];
}

/// Lightning's argument of `BasePredictionWriter`.
struct PredictionWriterOptions {
  WriteInterval write_interval = WriteInterval::batch;
};

/// The samples of each batch, as indices into the dataset. Empty for a loader that does not tell:
/// all but lt::DataLoader.
using BatchIndices = std::vector<std::int64_t>;
/// Those of a whole prediction: per loader, per batch.
using EpochIndices = std::vector<std::vector<BatchIndices>>;

namespace detail {
// Whether a writer has the member, with any signature (see hooks.hpp).
struct NamesBatchEnd {
  int write_on_batch_end;
};
struct NamesEpochEnd {
  int write_on_epoch_end;
};
template <class W, class Names>
struct AmbiguousWriter : W, Names {};
template <class W>
inline constexpr bool writes_batches =
    !requires { &AmbiguousWriter<W, NamesBatchEnd>::write_on_batch_end; };
template <class W>
inline constexpr bool writes_epochs =
    !requires { &AmbiguousWriter<W, NamesEpochEnd>::write_on_epoch_end; };
}  // namespace detail

}  // namespace lt

LT_REFLECT(lt::PredictionWriterOptions, (write_interval, "batch, epoch or batch_and_epoch"))

namespace lt {

/// Gives predictions to a writer, a class with one or both of
///   void write_on_batch_end(auto& ctx, const auto& prediction, const lt::BatchIndices& indices,
///                           const auto& batch, std::int64_t batch_idx, std::int64_t dataloader_idx)
///   void write_on_epoch_end(auto& ctx, const auto& predictions, const lt::EpochIndices& indices)
/// where `predictions` are those of all loaders and batches: `predictions[loader][batch]`. They are
/// kept for it even if `predict` is told not to return them.
///
/// Errors: lt::ConfigError for a writer without the member that `write_interval` asks for.
/// Source: Lightning, callbacks/prediction_writer.py.
template <class Writer>
class PredictionWriter {
 public:
  using Options = PredictionWriterOptions;
  static constexpr std::string_view name = "PredictionWriter";

  explicit PredictionWriter(Writer writer, Options options = {})
      : writer_(std::move(writer)), options_(options) {
    require(writes_on_batch_end(), detail::writes_batches<Writer>, "write_on_batch_end");
    require(writes_on_epoch_end(), detail::writes_epochs<Writer>, "write_on_epoch_end");
  }

  const Options& options() const { return options_; }
  Writer& writer() { return writer_; }
  const Writer& writer() const { return writer_; }
  bool writes_on_batch_end() const { return options_.write_interval != WriteInterval::epoch; }
  /// The trainer keeps predictions for a part that says so.
  bool writes_on_epoch_end() const { return options_.write_interval != WriteInterval::batch; }

  // -- hooks ------------------------------------------------------------------------------------

  void on_predict_epoch_start(RunView& run) { indices_.assign(run.eval_batches.size(), {}); }

  template <class Ctx, class Prediction, class Batch>
  void on_predict_batch_end(Ctx& ctx, const Prediction& prediction, const Batch& batch,
                            std::int64_t batch_idx, std::int64_t dataloader_idx) {
    BatchIndices indices = ctx.batch_indices();
    if constexpr (detail::writes_batches<Writer>) {
      if (writes_on_batch_end()) {
        writer_.write_on_batch_end(ctx, prediction, std::as_const(indices), batch, batch_idx,
                                   dataloader_idx);
      }
    }
    if (writes_on_epoch_end()) {
      indices_.at(static_cast<std::size_t>(dataloader_idx)).push_back(std::move(indices));
    }
  }

  template <class Ctx>
  void on_predict_epoch_end(Ctx& ctx) {
    if constexpr (detail::writes_epochs<Writer>) {
      if (writes_on_epoch_end()) {
        writer_.write_on_epoch_end(ctx, ctx.predictions(), std::as_const(indices_));
      }
    }
  }

 private:
  void require(bool wanted, bool there, std::string_view member) const {
    if (wanted && !there) {
      throw ConfigError(text("lt[E339] PredictionWriter: write_interval = ",
                             enum_name(options_.write_interval), " needs a writer with a member ",
                             member, "; it has none"));
    }
  }

  Writer writer_;
  Options options_;
  EpochIndices indices_;
};

}  // namespace lt
