// SPDX-License-Identifier: Apache-2.0
// Every member of every family fulfils its contract, and so does the smallest legal member.
#include <lt/kineto.hpp>
#include <lt/lt.hpp>
#include <lt/policies/accelerator/mps.hpp>
#include <lt/policies/callback/backbone_finetuning.hpp>
#include <lt/policies/callback/stochastic_weight_averaging.hpp>
#include <lt/precision.hpp>
#include <lt/torch_checkpoint.hpp>

namespace {

template <template <class> class Holds, class List>
struct AllHold;
template <template <class> class Holds, class... Members>
struct AllHold<Holds, lt::type_list<Members...>> {
  static constexpr bool value = (Holds<Members>::value && ...);
};

template <class S>
struct IsStrategy : std::bool_constant<lt::Strategy<S>> {};
template <class A>
struct IsAccelerator : std::bool_constant<lt::Accelerator<A>> {};
template <class P>
struct IsPrecision : std::bool_constant<lt::Precision<P>> {};
template <class C>
struct IsCallback : std::bool_constant<lt::Callback<C>> {};
template <class L>
struct IsLogger : std::bool_constant<lt::Logger<L>> {};
template <class B>
struct IsBar : std::bool_constant<lt::ProgressBar<B>> {};
template <class P>
struct IsProfiler : std::bool_constant<lt::Profiler<P>> {};
template <class C>
struct IsCheckpointIo : std::bool_constant<lt::CheckpointIo<C>> {};

static_assert(AllHold<IsCallback, lt::callback::all>::value);
static_assert(lt::Callback<lt::ThroughputMonitor<>>);
static_assert(AllHold<IsLogger, lt::logger::all>::value);
static_assert(AllHold<IsProfiler, lt::profiler::all>::value);
static_assert(AllHold<IsBar, lt::progress::all>::value);
static_assert(AllHold<IsCheckpointIo, lt::checkpoint_io::all>::value);
static_assert(AllHold<IsStrategy, lt::strategy::all>::value);
static_assert(AllHold<IsAccelerator, lt::accelerator::all>::value);
static_assert(AllHold<IsPrecision, lt::precision::all>::value);
static_assert(lt::Strategy<lt::archetype::Strategy>);
static_assert(lt::Accelerator<lt::archetype::Accelerator>);
static_assert(lt::Precision<lt::archetype::Precision>);
static_assert(lt::LossScaling<lt::precision::F16Mixed>);
static_assert(!lt::LossScaling<lt::precision::Bf16Mixed> && !lt::LossScaling<lt::precision::F32>);

// The combinations that there are go together.
static_assert(lt::Compatible<lt::strategy::SingleDevice, lt::accelerator::Cpu, lt::precision::F32,
                             lt::EarlyStopping, lt::ModelCheckpoint, lt::CsvLogger>);
static_assert(lt::Compatible<lt::strategy::SingleDevice, lt::accelerator::Mps, lt::precision::F32>);
static_assert(
    !lt::Compatible<lt::strategy::SingleDevice, lt::accelerator::Mps, lt::precision::F64>);

}  // namespace
