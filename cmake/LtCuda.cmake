# SPDX-License-Identifier: Apache-2.0
#[[
The target lt::cuda: lt::lt and what <lt/cuda.hpp> needs beside it, the headers of the CUDA toolkit and the CUDA half
of LibTorch. With lt::ddp it serves <lt/nccl.hpp>, whose header comes with NCCL (nccl.h beside CUDA's, or in /usr).
]]

if(NOT TARGET lt::cuda)
  find_package(CUDAToolkit QUIET)
  if(NOT CUDAToolkit_FOUND)
    message(FATAL_ERROR "lt::cuda needs the CUDA toolkit, but no nvcc was found. Put nvcc on the PATH or set "
      "CUDAToolkit_ROOT; without a CUDA device, use lt::lt (in lt's own tree the preset `release`).")
  endif()
  if(NOT TARGET LibTorch::torch_cuda)
    message(FATAL_ERROR "lt::cuda needs the CUDA half of LibTorch, but the wheel in ${LibTorch_ROOT_DIR} has no "
      "libtorch_cuda.so. Set LT_TORCH_ROOT to one that has it.")
  endif()
  add_library(lt_cuda INTERFACE)
  add_library(lt::cuda ALIAS lt_cuda)
  target_link_libraries(lt_cuda INTERFACE lt::lt LibTorch::torch_cuda CUDA::cudart)
  target_include_directories(lt_cuda SYSTEM INTERFACE ${CUDAToolkit_INCLUDE_DIRS})
  # libtorch_cuda.so's own dependencies are a matter of the machine that runs the program.
  target_link_options(lt_cuda INTERFACE -Wl,--allow-shlib-undefined)
endif()
