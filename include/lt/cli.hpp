// SPDX-License-Identifier: Apache-2.0
// The door to lt::Cli: a program with flags and configuration files. Needs CLI11 and yaml-cpp
// (Debian: libcli11-dev, libyaml-cpp-dev), and the CMake target lt::cli.
#pragma once

#include "lt/cli/cli.hpp"
