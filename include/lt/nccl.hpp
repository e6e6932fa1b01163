// SPDX-License-Identifier: Apache-2.0
// The door to ranks on CUDA devices: strategy::DdpOn<backend::Nccl>. Needs NCCL's header beside
// what lt/ddp.hpp needs (components lt::cuda and lt::ddp).
#pragma once

#include "lt/ddp.hpp"
#include "lt/policies/backend/nccl.hpp"
