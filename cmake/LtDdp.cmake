# SPDX-License-Identifier: Apache-2.0
#[[
The target lt::ddp: lt::lt and what <lt/ddp.hpp> needs beside it, the headers of gloo (Debian: libgloo-dev). The
library itself is inside LibTorch.
]]

if(NOT TARGET lt::ddp)
  find_path(LT_GLOO_INCLUDE_DIR gloo/config.h)
  mark_as_advanced(LT_GLOO_INCLUDE_DIR)
  if(NOT LT_GLOO_INCLUDE_DIR)
    message(FATAL_ERROR "lt::ddp needs the headers of gloo, and gloo/config.h was not found. Install libgloo-dev, "
      "or set LT_GLOO_INCLUDE_DIR to the folder that holds gloo/.")
  endif()
  add_library(lt_ddp INTERFACE)
  add_library(lt::ddp ALIAS lt_ddp)
  target_link_libraries(lt_ddp INTERFACE lt::lt)
  if(NOT LT_GLOO_INCLUDE_DIR STREQUAL "/usr/include")  # which is there anyway, and must keep its place
    target_include_directories(lt_ddp SYSTEM INTERFACE "${LT_GLOO_INCLUDE_DIR}")
  endif()
endif()
