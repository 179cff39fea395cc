// SPDX-License-Identifier: Apache-2.0

#include "tools/inside/job.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"

namespace pollux::inside {
namespace {

constexpr int kEndingSignals[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};

sigset_t WatchedSignals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  for (const int signal : kEndingSignals) sigaddset(&set, signal);
  return set;
}

int CodeOf(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : kKilledBy + WTERMSIG(status);
}

bool IsProgram(const std::string& path) {
  struct stat facts = {};
  return ::stat(path.c_str(), &facts) == 0 && S_ISREG(facts.st_mode) &&
         ::access(path.c_str(), X_OK) == 0;
}

std::string Absolute(const std::string& path) {
  return std::filesystem::absolute(path).lexically_normal().string();
}

}  // namespace

absl::Status SystemError(absl::string_view what) { return absl::ErrnoToStatus(errno, what); }

absl::StatusOr<Job> ParseJob(absl::Span<const char* const> arguments) {
  Job job;
  if (arguments.empty()) return absl::InvalidArgumentError("which kernel? uml or gvisor");
  const absl::string_view kernel = arguments[0];
  if (kernel == "uml") {
    job.kernel = Kernel::kUml;
  } else if (kernel == "gvisor") {
    job.kernel = Kernel::kGvisor;
  } else {
    return absl::InvalidArgumentError(
        absl::StrCat("there is no kernel \"", kernel, "\": uml or gvisor"));
  }
  size_t next = 1;
  for (; next < arguments.size() && absl::StartsWith(arguments[next], "-"); ++next) {
    absl::string_view option = arguments[next];
    if (!absl::ConsumePrefix(&option, "--limit=")) {
      return absl::InvalidArgumentError(
          absl::StrCat("there is no option \"", option, "\": --limit=DURATION"));
    }
    if (!absl::ParseDuration(option, &job.limit) || job.limit <= absl::ZeroDuration()) {
      return absl::InvalidArgumentError(
          absl::StrCat("\"", option, "\" is no limit: a duration such as 90s or 10m"));
    }
  }
  if (next == arguments.size()) return absl::InvalidArgumentError("which program?");
  job.program.assign(arguments.begin() + static_cast<std::ptrdiff_t>(next), arguments.end());
  return job;
}

absl::StatusOr<std::string> FindProgram(absl::string_view name) {
  if (absl::StrContains(name, "/")) {
    const std::string path = Absolute(std::string(name));
    if (IsProgram(path)) return path;
    if (::access(path.c_str(), F_OK) == 0) {
      return absl::PermissionDeniedError(absl::StrCat(name, " cannot be executed"));
    }
    return absl::NotFoundError(absl::StrCat("there is no ", name));
  }
  const char* search = std::getenv("PATH");
  for (const absl::string_view folder : absl::StrSplit(search == nullptr ? "" : search, ':')) {
    const std::string path = absl::StrCat(folder, "/", name);
    if (!folder.empty() && IsProgram(path)) return Absolute(path);
  }
  return absl::NotFoundError(absl::StrCat("there is no ", name, " in PATH"));
}

absl::StatusOr<std::unique_ptr<JobFolder>> JobFolder::Make() {
  std::string path = "/tmp";
  for (const char* name : {"TMPDIR", "TEST_TMPDIR"}) {
    if (const char* value = std::getenv(name)) path = value;
  }
  path = Absolute(path + "/pollux-inside-XXXXXX");
  if (::mkdtemp(path.data()) == nullptr) return SystemError(absl::StrCat("make ", path));
  return std::unique_ptr<JobFolder>(new JobFolder(std::move(path)));
}

JobFolder::~JobFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string JobFolder::File(absl::string_view name) const { return absl::StrCat(path_, "/", name); }

absl::Status WriteFile(const std::string& path, absl::string_view text) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return SystemError(absl::StrCat("open ", path));
  absl::Status status;
  while (!text.empty() && status.ok()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0) {
      status = SystemError(absl::StrCat("write ", path));
    } else {
      text.remove_prefix(static_cast<size_t>(written));
    }
  }
  ::close(fd);
  return status;
}

std::string ReadFile(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

Supervisor::Supervisor() {
  const sigset_t watched = WatchedSignals();
  sigprocmask(SIG_BLOCK, &watched, nullptr);
}

absl::StatusOr<pid_t> Supervisor::Start(absl::FunctionRef<int()> body) {
  const pid_t child = ::fork();
  if (child < 0) return SystemError("start a process");
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::setpgid(0, 0);
    const sigset_t watched = WatchedSignals();
    sigprocmask(SIG_UNBLOCK, &watched, nullptr);
    ::_exit(body());
  }
  ::setpgid(child, child);
  return child;
}

int Supervisor::WaitFor(pid_t child, absl::Duration limit, absl::FunctionRef<bool()> is_hopeless) {
  const absl::Time deadline = absl::Now() + limit;
  const sigset_t watched = WatchedSignals();
  int code = kTimedOut;
  for (;;) {
    int status = 0;
    if (::waitpid(child, &status, WNOHANG) == child) return CodeOf(status);
    const absl::Duration left = deadline - absl::Now();
    if (left <= absl::ZeroDuration() || is_hopeless()) break;
    const timespec patience = absl::ToTimespec(std::min(left, absl::Seconds(1)));
    const int signal = sigtimedwait(&watched, nullptr, &patience);
    if (signal < 0 || signal == SIGCHLD) continue;
    code = kKilledBy + signal;
    break;
  }
  ::kill(-child, SIGKILL);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  return code;
}

absl::Status SeparateChildren() {
  if (::unshare(CLONE_NEWPID) == 0) return absl::OkStatus();
  const uid_t user = ::getuid();
  const gid_t group = ::getgid();
  if (::unshare(CLONE_NEWUSER | CLONE_NEWPID) < 0) return SystemError("enter a pid namespace");
  const std::pair<const char*, std::string> settings[] = {
      {"/proc/self/setgroups", "deny"},
      {"/proc/self/gid_map", absl::StrCat(group, " ", group, " 1")},
      {"/proc/self/uid_map", absl::StrCat(user, " ", user, " 1")},
  };
  for (const auto& [path, text] : settings) {
    if (absl::Status status = WriteFile(path, text); !status.ok()) return status;
  }
  return absl::OkStatus();
}

void StayOnOneProcessor() {
  const int here = sched_getcpu();
  if (here < 0) return;
  cpu_set_t only;
  CPU_ZERO(&only);
  CPU_SET(static_cast<size_t>(here), &only);
  sched_setaffinity(0, sizeof(only), &only);
}

}  // namespace pollux::inside
