# SPDX-License-Identifier: Apache-2.0
# cmake -D ROOT= -D BUILD= -D WORK= -D COMPILER= -D GENERATOR= -D TORCH= -P lt_new.cmake
# Installs lt, makes a project with lt-new, and does what its README says: configure, build, run, test.

function(run status)
  execute_process(COMMAND ${ARGN} WORKING_DIRECTORY "${WORK}" RESULT_VARIABLE result
    OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT result EQUAL status)
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "${command}\nended with ${result}, not ${status}\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()
function(expect text)
  string(FIND "${output}" "${text}" place)
  if(place EQUAL -1)
    message(FATAL_ERROR "expected: ${text}\nfound: ${output}")
  endif()
endfunction()

file(REMOVE_RECURSE "${WORK}")
file(MAKE_DIRECTORY "${WORK}")
run(0 "${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${WORK}/prefix")
set(lt_new "${WORK}/prefix/bin/lt-new")

run(0 "${lt_new}" my-points)
expect("made my-points")
run(0 "${CMAKE_COMMAND}" -S my-points -B build -G "${GENERATOR}" "-DCMAKE_CXX_COMPILER=${COMPILER}"
  "-DCMAKE_CXX_FLAGS=-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror"
  "-DCMAKE_PREFIX_PATH=${WORK}/prefix" "-DLT_TORCH_ROOT=${TORCH}")
run(0 "${CMAKE_COMMAND}" --build build)
run(0 "${WORK}/build/my-points")
expect("accuracy: 0.9")
expect("checkpoint: lightning_logs/version_0/checkpoints/epoch=19-step=320.ckpt")
run(0 "${CMAKE_CTEST_COMMAND}" --test-dir build)
expect("100% tests passed, 0 tests failed out of 1")

# Nothing is made for a name that cannot be one, and nothing is overwritten.
run(2 "${lt_new}" my-points)
expect("'my-points' is there already")
foreach(name IN ITEMS 3d "two words" test ../a.b)
  run(2 "${lt_new}" "${name}")
  expect("lt-new: ")
endforeach()
run(2 "${lt_new}")
expect("usage: lt-new NAME")
run(0 "${lt_new}" --help)
# Straight from the sources, too.
run(0 "${ROOT}/tools/lt_new/lt-new" below/other)
file(READ "${WORK}/below/other/CMakeLists.txt" output)
expect("project(other LANGUAGES CXX)")
file(GLOB left "${WORK}/*")
list(LENGTH left count)
if(NOT count EQUAL 5)  # prefix, my-points, build, lightning_logs, below
  message(FATAL_ERROR "found ${left}")
endif()
