// SPDX-License-Identifier: Apache-2.0
// A whole file mapped read-only into memory.
#pragma once

#include "lt/core/errors.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <span>
#include <string>
#include <system_error>

namespace lt {

/// The bytes of a file, read by the system when they are touched. The file must not be cut short
/// while it is mapped.
/// Errors: `DataError` naming the file and the system's reason.
class MappedFile {
 public:
  explicit MappedFile(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) {
      fail("open", path, errno);
    }
    struct ::stat status {};
    if (::fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) {
      ::close(file);
      throw DataError("cannot map '" + path + "': it is not a regular file");
    }
    size_ = static_cast<std::size_t>(status.st_size);
    if (size_ > 0) {  // an empty file cannot be mapped, and needs not
      void* address = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file, 0);
      const int error = errno;
      ::close(file);
      if (address == MAP_FAILED) {
        fail("map", path, error);
      }
      data_ = static_cast<const std::byte*>(address);
    } else {
      ::close(file);
    }
  }

  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  ~MappedFile() {
    if (data_ != nullptr) {
      ::munmap(const_cast<std::byte*>(data_), size_);
    }
  }

  std::span<const std::byte> bytes() const { return {data_, size_}; }

 private:
  [[noreturn]] static void fail(const char* what, const std::string& path, int error) {
    throw DataError("cannot " + std::string(what) + " '" + path +
                    "': " + std::generic_category().message(error));
  }

  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace lt
