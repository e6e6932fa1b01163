# SPDX-License-Identifier: Apache-2.0
#[[
The targets lt::cli, lt::lt with what <lt/cli.hpp> needs beside it, and lt::cli_core, the same for those of its headers
that need no LibTorch: CLI11 and yaml-cpp (Debian: libcli11-dev, libyaml-cpp-dev).
]]

if(NOT TARGET lt::cli)
  foreach(_lt_package IN ITEMS CLI11 yaml-cpp)
    find_package(${_lt_package} CONFIG QUIET)
    if(NOT ${_lt_package}_FOUND)
      message(FATAL_ERROR "lt::cli needs CLI11 and yaml-cpp, and ${_lt_package} was not found. "
        "Install libcli11-dev and libyaml-cpp-dev, or put them on CMAKE_PREFIX_PATH.")
    endif()
  endforeach()
  add_library(lt_cli_core INTERFACE)
  add_library(lt::cli_core ALIAS lt_cli_core)
  target_link_libraries(lt_cli_core INTERFACE lt::core CLI11::CLI11 yaml-cpp)
  add_library(lt_cli INTERFACE)
  add_library(lt::cli ALIAS lt_cli)
  target_link_libraries(lt_cli INTERFACE lt_cli_core lt::lt)
endif()
