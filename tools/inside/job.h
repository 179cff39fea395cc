// SPDX-License-Identifier: Apache-2.0
//
// File: job.h
//
// What running a program inside another kernel takes, whichever kernel it is: a command line, a
// folder for as long as it runs, and somebody who waits for it, but not for ever.

#ifndef POLLUX_TOOLS_INSIDE_JOB_H_
#define POLLUX_TOOLS_INSIDE_JOB_H_

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"

namespace pollux::inside {

// Exit codes that are not the program's own, as timeout(1) and shells have them.
inline constexpr int kTimedOut = 124;
inline constexpr int kNotHere = 125;  // The kernel could not be started; the program never ran.
inline constexpr int kNotExecutable = 126;
inline constexpr int kNotFound = 127;
inline constexpr int kKilledBy = 128;  // And the number of the signal.

enum class Kernel { kUml, kGvisor };

struct Job {
  Kernel kernel = Kernel::kUml;
  absl::Duration limit = absl::Minutes(10);
  std::vector<std::string> program;  // Its name first, as it was given.
};

inline constexpr char kUsage[] =
    "usage: inside uml|gvisor [--limit=DURATION] PROGRAM [ARGUMENT]...\n";

// Reads a command line, without the name of the command. Errors: kInvalidArgument, with a sentence
// that says what is wrong.
absl::StatusOr<Job> ParseJob(absl::Span<const char* const> arguments);

// The file that a shell would run for `name`. Errors: kNotFound, or kPermissionDenied where the
// file cannot be executed.
absl::StatusOr<std::string> FindProgram(absl::string_view name);

// An error with what errno says. To be called before anything else changes it.
absl::Status SystemError(absl::string_view what);

// A new folder in TEST_TMPDIR, TMPDIR or /tmp, which goes with all that is in it.
class JobFolder {
 public:
  static absl::StatusOr<std::unique_ptr<JobFolder>> Make();
  JobFolder(const JobFolder&) = delete;
  JobFolder& operator=(const JobFolder&) = delete;
  ~JobFolder();

  std::string File(absl::string_view name) const;
  const std::string& path() const { return path_; }

 private:
  explicit JobFolder(std::string path) : path_(std::move(path)) {}

  const std::string path_;
};

absl::Status WriteFile(const std::string& path, absl::string_view text);
std::string ReadFile(const std::string& path);  // "" if it cannot be read.

// Starts processes, and ends them. From its construction on the signals that ask a program to end
// (SIGINT and its like) wait for `WaitFor`. One of a process, for its main thread.
class Supervisor {
 public:
  Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  // A child that is the leader of a group of its own, gets its signals as usual and dies with this
  // process. It runs `body` and ends with what that returns.
  absl::StatusOr<pid_t> Start(absl::FunctionRef<int()> body);

  // The exit code of a child: its own, kKilledBy and the signal that ended it, or kTimedOut where
  // it took longer than `limit`, or kKilledBy and the signal that asked this process to end. In the
  // last two cases the child and its group are killed. `is_hopeless` is asked every second; its yes
  // is the end of patience as well.
  int WaitFor(pid_t child, absl::Duration limit, absl::FunctionRef<bool()> is_hopeless);
  int WaitFor(pid_t child, absl::Duration limit) {
    return WaitFor(child, limit, [] { return false; });
  }
};

// Makes the next child of this process the first of a pid namespace: with it all end that it ever
// started. Where the user is not root this takes a user namespace, in which the user stays itself.
// Errors: the machine does not permit it.
absl::Status SeparateChildren();

// Keeps this process and its children on one processor, since those of one kernel wait for each
// other all the time, and packets keep their order.
void StayOnOneProcessor();

}  // namespace pollux::inside

#endif  // POLLUX_TOOLS_INSIDE_JOB_H_
