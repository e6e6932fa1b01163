# SPDX-License-Identifier: Apache-2.0
# cmake -D WAY=installed|subdirectory|cli -D ROOT= -D BUILD= -D WORK= -D COMPILER= -D GENERATOR= -D TORCH= -P run.cmake
# Configures, builds and runs the project beside this file, with nothing but what a user of lt::lt needs.

function(run)
  execute_process(COMMAND ${ARGV} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    list(JOIN ARGV " " command)
    message(FATAL_ERROR "${command}\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

file(REMOVE_RECURSE "${WORK}")
file(MAKE_DIRECTORY "${WORK}/source")
set(project "${CMAKE_CURRENT_LIST_DIR}")
set(unused yaml-cpp CLI11 Gloo doctest nlohmann_json range-v3 benchmark)  # lt::lt needs none of them
if(WAY STREQUAL "cli")
  string(APPEND project "/cli")
  list(REMOVE_ITEM unused yaml-cpp CLI11)
endif()
file(COPY "${project}/CMakeLists.txt" "${project}/main.cpp" DESTINATION "${WORK}/source")

set(options -G "${GENERATOR}" "-DCMAKE_CXX_COMPILER=${COMPILER}" "-DLT_TORCH_ROOT=${TORCH}")
foreach(package IN LISTS unused)
  list(APPEND options "-DCMAKE_DISABLE_FIND_PACKAGE_${package}=ON")
endforeach()
if(NOT WAY STREQUAL "subdirectory")
  run("${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${WORK}/prefix")
  list(APPEND options "-DCMAKE_PREFIX_PATH=${WORK}/prefix")
else()
  list(APPEND options "-DLT_SOURCE=${ROOT}")
endif()

run("${CMAKE_COMMAND}" -S "${WORK}/source" -B "${WORK}/build" ${options})
run("${CMAKE_COMMAND}" --build "${WORK}/build")
run("${WORK}/build/consumer")
if(WAY STREQUAL "cli")
  if(NOT output MATCHES "max_epochs: 3\n")
    message(FATAL_ERROR "the program printed\n${output}")
  endif()
elseif(NOT output MATCHES "caught: max_epochs is -2" OR NOT output MATCHES "undefined tensor: true")
  message(FATAL_ERROR "the program printed\n${output}")
endif()
