// SPDX-License-Identifier: Apache-2.0
//
// File: program.h
//
// `Program` runs an example as a user does, so that a test sees what the user sees.
//
//   Program sender("examples/broadcast_sender/broadcast_sender", {"--count=1"});
//   EXPECT_EQ(sender.Wait(), 0);
//   EXPECT_THAT(sender.output(), HasSubstr("sent"));

#ifndef POLLUX_EXAMPLES_COMMON_PROGRAM_H_
#define POLLUX_EXAMPLES_COMMON_PROGRAM_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace pollux::examples {

// Thread-compatible. The destructor ends a program that still runs.
class Program {
 public:
  // Starts the program of that path below the root of the project, with these arguments.
  Program(const std::string& path, const std::vector<std::string>& arguments);
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program();

  // Waits until it has printed `text`, and returns true; or false when it ends without.
  bool WaitFor(absl::string_view text);
  // As Ctrl-C does.
  void Interrupt();
  // Whether that is possible here: on Windows it takes a console.
  static bool CanInterrupt();
  // Waits for the end; returns the exit code, or on Unix 128 + the signal that ended it.
  int Wait();

  // What it has printed until now, as far as was waited for, standard error included.
  const std::string& output() const { return output_; }

 private:
  struct Process;  // What the operating system calls it.

  bool ReadMore();

  const std::unique_ptr<Process> process_;
  std::string output_;
};

}  // namespace pollux::examples

#endif  // POLLUX_EXAMPLES_COMMON_PROGRAM_H_
