// SPDX-License-Identifier: Apache-2.0
// Every member of these families is one, and so is the smallest legal member.
#include "lt/policies/callback.hpp"
#include "lt/policies/callback/backbone_finetuning.hpp"
#include "lt/policies/callback/device_stats_monitor.hpp"
#include "lt/policies/callback/early_stopping.hpp"
#include "lt/policies/callback/ema_weight_averaging.hpp"
#include "lt/policies/callback/gradient_accumulation_scheduler.hpp"
#include "lt/policies/callback/learning_rate_monitor.hpp"
#include "lt/policies/callback/model_checkpoint.hpp"
#include "lt/policies/callback/model_summary.hpp"
#include "lt/policies/callback/on_exception_checkpoint.hpp"
#include "lt/policies/callback/prediction_writer.hpp"
#include "lt/policies/callback/stochastic_weight_averaging.hpp"
#include "lt/policies/callback/timer.hpp"
#include "lt/policies/callback/weight_averaging.hpp"
#include "lt/policies/logger.hpp"
#include "lt/policies/logger/csv_logger.hpp"
#include "lt/policies/logger/jsonl_logger.hpp"
#include "lt/policies/logger/tensorboard_logger.hpp"
#include "lt/policies/profiler.hpp"
#include "lt/policies/progress.hpp"
#include "lt/policies/progress/terminal.hpp"

#include "doctest_torch.hpp"

namespace {
struct NoHooks {
  void on_nothing() {}
};

template <template <class> class Is, class... Ts>
constexpr bool all_are(lt::type_list<Ts...>) {
  return (Is<Ts>::value && ...);
}
template <class T>
struct IsCallback : std::bool_constant<lt::Callback<T>> {};
template <class T>
struct IsLogger : std::bool_constant<lt::Logger<T>> {};
template <class T>
struct IsProgressBar : std::bool_constant<lt::ProgressBar<T>> {};
}  // namespace

TEST_CASE("the contracts hold for their members") {
  CHECK(all_are<IsCallback>(lt::callback::all{}));
  CHECK(all_are<IsLogger>(lt::logger::all{}));
  CHECK(all_are<IsProgressBar>(lt::progress::all{}));
  CHECK(lt::Callback<lt::archetype::Callback>);
  CHECK(lt::Logger<lt::archetype::Logger>);
  CHECK(lt::ProgressBar<lt::archetype::ProgressBar>);
  CHECK(lt::Profiler<lt::archetype::Profiler>);
}

TEST_CASE("a class without hooks is no callback, a callback no logger") {
  CHECK_FALSE(lt::Callback<NoHooks>);
  CHECK_FALSE(lt::Callback<lt::CsvLogger>);
  CHECK_FALSE(lt::Logger<lt::ModelCheckpoint>);
  CHECK_FALSE(lt::ProgressBar<lt::Timer>);
}

TEST_CASE("what keeps state, when it is called, what it replaces") {
  CHECK(lt::StatefulCallback<lt::ModelCheckpoint>);
  CHECK(lt::StatefulCallback<lt::EarlyStopping>);
  CHECK(lt::StatefulCallback<lt::Timer>);
  CHECK_FALSE(lt::StatefulCallback<lt::ModelSummary>);
  CHECK(lt::order_of<lt::ModelCheckpoint> == lt::CallbackOrder::checkpoint);
  CHECK(lt::order_of<lt::OnExceptionCheckpoint> == lt::CallbackOrder::checkpoint);
  CHECK(lt::order_of<lt::EarlyStopping> == lt::CallbackOrder::monitor);
  CHECK(lt::order_of<lt::Timer> == lt::CallbackOrder::normal);
  CHECK(lt::substitute_of<lt::ModelCheckpoint> == lt::DefaultPart::checkpoint);
  CHECK(lt::substitute_of<lt::ModelSummary> == lt::DefaultPart::model_summary);
  CHECK(lt::substitute_of<lt::TerminalProgress> == lt::DefaultPart::progress_bar);
  CHECK(lt::substitute_of<lt::CsvLogger> == lt::DefaultPart::logger);
}
