# SPDX-License-Identifier: Apache-2.0
#[[
FindLibTorch: LibTorch as the `torch` wheel carries it, without Torch's own CMake package.

Torch's package insists on a CUDA toolkit; this one only looks at files. A wheel is looked for, in this order,

  1. at LT_TORCH_ROOT, a cache or environment variable: the `torch` folder, the `site-packages` folder around it,
     or a virtual environment. Nothing else is looked at when it is set;
  2. in the active virtual environment (VIRTUAL_ENV);
  3. in the project's own environment, `.venv` in the source tree (`make setup` creates it);
  4. in the packages of the python3 on the PATH.

Wheels of another version than 2.15 are passed over. Defines

  LibTorch::torch       what a CPU program links: torch_cpu, c10, their headers, FMT_HEADER_ONLY
  LibTorch::torch_cpu, LibTorch::c10
  LibTorch::torch_cuda  only where the wheel has it; needs the CUDA toolkit's headers and NVIDIA's wheels to run
  LibTorch_FOUND, LibTorch_VERSION, LibTorch_ROOT_DIR

`libtorch.so` is not linked: in this wheel it only pulls in libtorch_cuda.so, which a CPU machine cannot load.
]]

set(_lt_torch_wanted 2.15)

# The folder that holds include/ATen, for any of the forms LT_TORCH_ROOT may take.
function(_lt_torch_folder where out)
  file(GLOB nested LIST_DIRECTORIES true "${where}/lib/python3*/site-packages/torch")
  foreach(folder IN ITEMS "${where}" "${where}/torch" LISTS nested)
    if(EXISTS "${folder}/include/ATen/core/Tensor.h" AND EXISTS "${folder}/lib/libtorch_cpu.so")
      set(${out} "${folder}" PARENT_SCOPE)
      return()
    endif()
  endforeach()
  set(${out} "" PARENT_SCOPE)
endfunction()

function(_lt_torch_version folder out)
  set(version unknown)
  foreach(header IN ITEMS torch/headeronly/version.h torch/csrc/api/include/torch/version.h)
    if(EXISTS "${folder}/include/${header}")
      file(STRINGS "${folder}/include/${header}" lines REGEX "#define TORCH_VERSION_(MAJOR|MINOR|PATCH) ")
      string(REGEX REPLACE "[^0-9;]" "" lines "${lines}")
      string(REPLACE ";" "." lines "${lines}")
      if(lines MATCHES "^[0-9]+[.][0-9]+[.][0-9]+$")
        set(version "${lines}")
        break()
      endif()
    endif()
  endforeach()
  set(${out} "${version}" PARENT_SCOPE)
endfunction()

function(_lt_torch_search)
  set(looked "")
  set(candidates "")
  set(LT_TORCH_ROOT "${LT_TORCH_ROOT}" CACHE PATH "A torch 2.15 wheel: its torch folder, site-packages or environment")
  if(LT_TORCH_ROOT)
    set(candidates "LT_TORCH_ROOT=${LT_TORCH_ROOT}")
  elseif(DEFINED ENV{LT_TORCH_ROOT} AND NOT "$ENV{LT_TORCH_ROOT}" STREQUAL "")
    set(candidates "LT_TORCH_ROOT=$ENV{LT_TORCH_ROOT}")
  else()
    if(DEFINED ENV{VIRTUAL_ENV})
      list(APPEND candidates "VIRTUAL_ENV=$ENV{VIRTUAL_ENV}")
    endif()
    set(environments "${CMAKE_SOURCE_DIR}/.venv" "${PROJECT_SOURCE_DIR}/.venv" "${lt_SOURCE_DIR}/.venv")
    list(REMOVE_DUPLICATES environments)
    foreach(environment IN LISTS environments)
      if(IS_DIRECTORY "${environment}")
        list(APPEND candidates "project environment=${environment}")
      endif()
    endforeach()
    list(APPEND candidates "python3=")
  endif()

  foreach(candidate IN LISTS candidates)
    string(REGEX MATCH "^([^=]*)=(.*)$" ignored "${candidate}")
    set(kind "${CMAKE_MATCH_1}")
    set(place "${CMAKE_MATCH_2}")
    if(kind STREQUAL "python3")  # asked last and only when needed: starting Python takes some 30 ms
      find_program(LT_PYTHON3 python3)
      mark_as_advanced(LT_PYTHON3)
      if(NOT LT_PYTHON3)
        continue()
      endif()
      execute_process(
        COMMAND "${LT_PYTHON3}" -c "import sysconfig; print(sysconfig.get_path('platlib'))"
        OUTPUT_VARIABLE place OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    endif()
    _lt_torch_folder("${place}" folder)
    if(NOT folder)
      string(APPEND looked "\n  ${kind} (${place}): no torch wheel there")
      continue()
    endif()
    _lt_torch_version("${folder}" version)
    if(version MATCHES "^${_lt_torch_wanted}[.]")
      set(LibTorch_ROOT_DIR "${folder}" PARENT_SCOPE)
      set(LibTorch_VERSION "${version}" PARENT_SCOPE)
      return()
    endif()
    string(APPEND looked "\n  ${kind} (${folder}): version ${version}, but lt needs ${_lt_torch_wanted}.x")
  endforeach()

  set(LibTorch_ROOT_DIR "" PARENT_SCOPE)
  string(CONCAT reason
    "no torch ${_lt_torch_wanted} wheel found. Looked at:${looked}\n"
    "Run `make setup` in lt's source tree, which installs one into .venv, or set LT_TORCH_ROOT "
    "(-D LT_TORCH_ROOT=... or the environment variable) to an installed torch ${_lt_torch_wanted} wheel, for instance "
    "from `pip install --no-deps torch==2.15.0 'nvidia-cuda-runtime==13.2.*' 'nvidia-cuda-cupti==13.2.*'`.")
  set(_lt_torch_reason "${reason}" PARENT_SCOPE)
endfunction()

_lt_torch_search()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LibTorch
  REQUIRED_VARS LibTorch_ROOT_DIR
  VERSION_VAR LibTorch_VERSION
  REASON_FAILURE_MESSAGE "${_lt_torch_reason}")

if(LibTorch_FOUND AND NOT TARGET LibTorch::torch)
  foreach(_lt_torch_library IN ITEMS c10 torch_cpu c10_cuda torch_cuda)
    set(_lt_torch_file "${LibTorch_ROOT_DIR}/lib/lib${_lt_torch_library}.so")
    if(EXISTS "${_lt_torch_file}")
      add_library(LibTorch::${_lt_torch_library} SHARED IMPORTED)
      set_target_properties(LibTorch::${_lt_torch_library} PROPERTIES IMPORTED_LOCATION "${_lt_torch_file}")
    endif()
  endforeach()

  add_library(LibTorch::torch INTERFACE IMPORTED)
  # The wheel carries fmt 12 without its library; Debian's libfmt 9 must not get in between.
  set_target_properties(LibTorch::torch PROPERTIES
    INTERFACE_INCLUDE_DIRECTORIES "${LibTorch_ROOT_DIR}/include;${LibTorch_ROOT_DIR}/include/torch/csrc/api/include"
    INTERFACE_COMPILE_DEFINITIONS "FMT_HEADER_ONLY"
    INTERFACE_LINK_LIBRARIES "LibTorch::torch_cpu;LibTorch::c10")

  if(TARGET LibTorch::torch_cuda)
    set_target_properties(LibTorch::torch_cuda PROPERTIES
      INTERFACE_LINK_LIBRARIES "LibTorch::torch;LibTorch::c10_cuda")
  endif()
endif()
