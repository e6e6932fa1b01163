// SPDX-License-Identifier: Apache-2.0
// A device layer whose graphs are what a device's are: the operators of the captured work, with the
// memory that they had, and none of the host's code around them. Reading a number ends a capture.
// What an operator keeps for itself is not renewed: the casts of autocast are beyond it.
#pragma once

#include "fake_layer.hpp"

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/grad_mode.h>
#include <c10/core/impl/LocalDispatchKeySet.h>
#include <torch/library.h>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace test {

/// One operator of a recording.
struct RecordedCall {
  c10::OperatorHandle op;
  torch::jit::Stack inputs;
  torch::jit::Stack outputs;
};

/// Where operators of this thread are written down; null while nothing is captured.
inline std::vector<RecordedCall>*& recording() {
  thread_local std::vector<RecordedCall>* current = nullptr;
  return current;
}

inline constexpr auto recording_key = c10::DispatchKey::TESTING_ONLY_GenericMode;

inline std::vector<at::Tensor> tensors_in(const torch::jit::Stack& stack) {
  std::vector<at::Tensor> out;
  for (const c10::IValue& value : stack) {
    if (value.isTensor() && value.toTensor().defined()) {
      out.push_back(value.toTensor());
    } else if (value.isTensorList()) {
      for (const at::Tensor& tensor : value.toTensorVector()) {
        out.push_back(tensor);
      }
    }
  }
  return out;
}

/// Called in the place of each operator while a graph is captured.
inline void record(const c10::OperatorHandle& op, torch::jit::Stack* stack) {
  const std::string& name = op.schema().name();
  if (name == "aten::_local_scalar_dense" || name == "aten::item") {
    throw std::runtime_error("operation not permitted when stream is capturing");
  }
  const c10::impl::ExcludeDispatchKeyGuard inside(recording_key);
  if (name == "aten::_backward") {  // no operator of its own: those in it count
    const c10::impl::IncludeDispatchKeyGuard again(recording_key);
    op.callBoxed(stack);
    return;
  }
  RecordedCall call{op, {}, {}};
  const std::size_t count = op.schema().arguments().size();
  call.inputs.assign(stack->end() - static_cast<std::ptrdiff_t>(count), stack->end());
  op.callBoxed(stack);
  const std::size_t results = op.schema().returns().size();
  call.outputs.assign(stack->end() - static_cast<std::ptrdiff_t>(results), stack->end());
  recording()->push_back(std::move(call));
}

/// Does an operator again; what it makes goes where it went when it was recorded.
inline void repeat(RecordedCall& call) {
  torch::jit::Stack stack = call.inputs;
  call.op.callBoxed(&stack);
  const auto inputs = tensors_in(call.inputs);
  const auto before = tensors_in(call.outputs);
  const auto now = tensors_in(stack);
  for (std::size_t i = 0; i < before.size(); ++i) {
    const bool is_view = std::any_of(inputs.begin(), inputs.end(), [&](const at::Tensor& input) {
      return input.is_alias_of(before[i]);
    });
    if (!is_view) {
      before[i].detach().copy_(now[i]);
    }
  }
}

struct RecordingLayer : FakeLayer {
  class Graph {
   public:
    void capture(const Stream& stream, const std::function<void()>& work) {
      const StreamGuard guard(stream);
      ++world().captures;
      calls_.clear();
      recording() = &calls_;
      try {
        const c10::impl::IncludeDispatchKeyGuard mode(recording_key);
        work();
      } catch (...) {
        recording() = nullptr;
        throw;
      }
      recording() = nullptr;
      done_ = true;
    }
    void replay() {
      ++world().replays;
      if (std::exchange(done_, false)) {
        return;  // the capture has done it already, as nothing is done without being done here
      }
      const c10::NoGradGuard no_grad;
      for (RecordedCall& call : calls_) {
        repeat(call);
      }
    }
    void reset() { calls_.clear(); }
    std::size_t size() const { return calls_.size(); }

   private:
    std::vector<RecordedCall> calls_;
    bool done_ = false;
  };
};
static_assert(lt::cuda::DeviceLayer<RecordingLayer>);

}  // namespace test
