# SPDX-License-Identifier: Apache-2.0
#[[
The target lt::pch owns a precompiled <torch/torch.h>; lt_use_pch(<target>) makes a target use it.

Only for the builder's comfort: code must compile without it. It is built when a target that uses it is, and that
target needs the same flags as this one (build type, sanitizers, language standard, -Wpedantic). Costs some 130 MB with clang and
700 MB with g++ in the build folder.
]]

if(NOT TARGET lt_pch)
  set(_lt_pch_source "${CMAKE_CURRENT_BINARY_DIR}/lt_pch.cpp")
  if(NOT EXISTS "${_lt_pch_source}")
    file(WRITE "${_lt_pch_source}" "// The precompiled header needs a unit to belong to.\n")
  endif()
  add_library(lt_pch OBJECT EXCLUDE_FROM_ALL "${_lt_pch_source}")
  add_library(lt::pch ALIAS lt_pch)
  target_link_libraries(lt_pch PUBLIC lt::lt)
  target_precompile_headers(lt_pch PRIVATE <torch/torch.h>)
  set_target_properties(lt_pch PROPERTIES PCH_INSTANTIATE_TEMPLATES ON)  # clang: 6 s a unit become 2.5 s
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    # Without a time stamp inside, ccache can tell that two precompiled headers are the same.
    target_compile_options(lt_pch PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
  endif()
endif()

function(lt_use_pch target)
  target_link_libraries(${target} PRIVATE lt::lt)
  target_precompile_headers(${target} REUSE_FROM lt_pch)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(${target} PRIVATE -fpch-preprocess)  # lets ccache see the precompiled header
  else()
    target_compile_options(${target} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
  endif()
endfunction()
