// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lt/tensor.hpp"

#include <c10/core/DefaultDtype.h>

namespace lt::precision {

/// Guard: new tensors without a given type have this one. The default type belongs to the process,
/// so threads that make tensors meanwhile (a loader's workers) see it too.
class DefaultDtype {
 public:
  explicit DefaultDtype(at::ScalarType type) : before_(c10::get_default_dtype()) {
    c10::set_default_dtype(caffe2::TypeMeta::fromScalarType(type));
  }
  ~DefaultDtype() { c10::set_default_dtype(before_); }
  DefaultDtype(const DefaultDtype&) = delete;
  DefaultDtype& operator=(const DefaultDtype&) = delete;

 private:
  caffe2::TypeMeta before_;
};

}  // namespace lt::precision
