// A full disk, for the rest of this process: the kernel's limit on the size of files stands for it.
#pragma once

#include <sys/resource.h>

#include <csignal>

namespace matic {

inline void LimitFileSize(rlim_t bytes) {
  std::signal(SIGXFSZ, SIG_IGN);
  const rlimit limit = {bytes, bytes};
  ::setrlimit(RLIMIT_FSIZE, &limit);
}

}  // namespace matic
