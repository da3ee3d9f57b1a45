// Programs that nobody but root and ourselves could change, run to their end.
#pragma once

#include "lib/base/result.h"
#include "lib/os/process_runner.h"

namespace matic {

// Another runner, for whoever has more rights than those who may write here and there: the program
// is looked for in PATH as execvp(3) does, and CheckExecutable (lib/os/executable_folder.h) judges
// the file that was found just before that very file is run. What the program reads, such as a
// script among its arguments, is not looked at.
class CheckedProcessRunner final : public ProcessRunner {
 public:
  explicit CheckedProcessRunner(ProcessRunner& runner) : runner_(runner) {}

  // kPermission for a program that others can change, and for a file that is none: it says which
  // file or folder, and what to do. kNotFound where there is none.
  Result<ProcessOutcome> RunToEnd(const Command& command,
                                  std::chrono::milliseconds deadline) override;

 private:
  ProcessRunner& runner_;
};

}  // namespace matic
