# SPDX-License-Identifier: Apache-2.0
# Compile through ccache where it is installed. Precompiled headers need its sloppiness; without ccache nothing changes.
if(LT_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  find_program(LT_CCACHE_PROGRAM ccache)
  mark_as_advanced(LT_CCACHE_PROGRAM)
  if(LT_CCACHE_PROGRAM)
    set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime "${LT_CCACHE_PROGRAM}")
  endif()
endif()
