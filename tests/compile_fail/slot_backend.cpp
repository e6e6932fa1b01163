// SPDX-License-Identifier: Apache-2.0
// A backend for tensors of another kind of device than the accelerator's.
// expect-error: lt\[E415\] the strategy's backend carries tensors of another kind of device .*; Fix:
#include "policies.hpp"

enum class DeviceType { cpu, cuda };
struct Nccl {
  static constexpr DeviceType device = DeviceType::cuda;
};
struct Ddp : Strategy {
  using backend = Nccl;
};
struct Cpu : Accelerator {
  static constexpr DeviceType device_type = DeviceType::cpu;
};
struct Cuda : Accelerator {
  static constexpr DeviceType device_type = DeviceType::cuda;
};

#ifdef LT_MUST_FAIL
using Check = lt::rule_check<Ddp, Cpu, Precision>;
#else
using Check = lt::rule_check<Ddp, Cuda, Precision>;
#endif

// The gate gives the error; the stub behind it takes any use without another.
struct Body {
  void fit(int epochs);
};
struct Stub {
  void fit(auto&&... whatever);
};
struct Trainer : lt::gate<Check, Body, Stub> {};
void use(Trainer trainer) {
  trainer.fit(3);
}
