// SPDX-License-Identifier: Apache-2.0
//
// gVisor: the lab around it, the bundle that tells runsc what to run, and runsc itself as a child
// of the first process of a pid namespace, with which all of it ends.
//
//   here -- supervisor -- first process of the namespace -- runsc -- sandbox -- PROGRAM
//
// All of these are on host A of the lab. runsc takes over its interfaces for the sandbox.

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "tools/inside/kernels.h"
#include "tools/lab/lab.h"
#include "tools/program/native_lab.h"

namespace pollux::inside {
namespace {

// runsc writes a file from its own idea of where the end is, over what is there; but not a file
// that is open for appending, which this makes of one for as long as it lives.
class Appending {
 public:
  explicit Appending(int fd) : fd_(fd), before_(::fcntl(fd, F_GETFL)) {
    struct stat facts = {};
    is_file_ = before_ >= 0 && ::fstat(fd, &facts) == 0 && S_ISREG(facts.st_mode);
    if (is_file_) ::fcntl(fd_, F_SETFL, before_ | O_APPEND);
  }
  Appending(const Appending&) = delete;
  Appending& operator=(const Appending&) = delete;
  ~Appending() {
    if (is_file_) ::fcntl(fd_, F_SETFL, before_);
  }

 private:
  const int fd_;
  const int before_;
  bool is_file_ = false;
};

std::string Quoted(absl::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    const unsigned char byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || c == '"' || c == '\\') {
      absl::StrAppendFormat(&quoted, "\\u%04x", byte);
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

std::string QuotedList(const std::vector<std::string>& words) {
  std::vector<std::string> quoted;
  quoted.reserve(words.size());
  for (const std::string& word : words) quoted.push_back(Quoted(word));
  return absl::StrCat("[", absl::StrJoin(quoted, ","), "]");
}

// The bundle's config.json, as the OCI runtime specification has it. The network namespace is that
// of the first process.
std::string Config(const Job& job, const std::string& program) {
  std::vector<std::string> arguments = job.program;
  arguments[0] = program;
  std::vector<std::string> environment;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    environment.push_back(*variable);
  }
  const std::string rights =
      QuotedList({"CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_NET_BIND_SERVICE", "CAP_SYS_ADMIN",
                  "CAP_SETUID", "CAP_SETGID", "CAP_KILL", "CAP_DAC_OVERRIDE"});
  std::error_code ignored;
  return absl::StrCat(
      R"({"ociVersion":"1.0.0","process":{"user":{"uid":0,"gid":0},"cwd":)",
      Quoted(std::filesystem::current_path(ignored).string()), R"(,"args":)", QuotedList(arguments),
      R"(,"env":)", QuotedList(environment), R"(,"capabilities":{"bounding":)", rights,
      R"(,"effective":)", rights, R"(,"permitted":)", rights, R"(,"inheritable":)", rights,
      R"(}},"root":{"path":"/","readonly":true},)",
      R"("hostname":"inside","mounts":[{"destination":"/proc","type":"proc"},)",
      R"({"destination":"/sys","type":"sysfs"}],"linux":{"namespaces":[{"type":"pid"},)",
      R"({"type":"mount"},{"type":"ipc"},{"type":"uts"},)",
      R"({"type":"network","path":"/proc/1/ns/net"}]}})");
}

int Fail(absl::string_view what) {
  std::cerr << "inside: " << what << '\n';
  return kNotHere;
}

int Fail(const absl::Status& status) { return Fail(status.message()); }

int Exec(const std::string& runsc, const JobFolder& folder) {
  const std::string name = std::filesystem::path(folder.path()).filename().string();
  std::vector<std::string> words = {
      "runsc", absl::StrCat("--root=", folder.File("root")), "--platform=ptrace",
      "--network=sandbox", "--ignore-cgroups", "--net-raw", "--overlay2=all:memory",
      // Lets it run in a user namespace that has one user, without some of its walls: what is to
      // be looked at here is the network, not the sandbox.
      "-TESTONLY-unsafe-nonroot", "run", "--bundle", folder.path(), name};
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  ::execv(runsc.c_str(), argv.data());
  return kNotHere;
}

// Of this process alone.
absl::Status ArrangeFiles() {
  if (::unshare(CLONE_NEWNS) < 0) return SystemError("enter a mount namespace");
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) < 0) {
    return SystemError("keep mounts apart");
  }
  if (::mount("proc", "/proc", "proc", 0, nullptr) < 0) return SystemError("mount /proc");
  // This runsc takes a namespace that has a file rmem_default there for the machine's own, and
  // refuses it. Kernels since then show the file in all namespaces.
  if (::mount("none", "/proc/sys/net/core", "tmpfs", 0, nullptr) < 0) {
    return SystemError("hide /proc/sys/net/core");
  }
  return absl::OkStatus();
}

// The first process of the namespace: it also has to wait for those that lost their parent.
int RunAsFirst(const std::string& runsc, const JobFolder& folder) {
  if (absl::Status s = ArrangeFiles(); !s.ok()) return Fail(s);
  StayOnOneProcessor();
  const pid_t child = ::fork();
  if (child < 0) return Fail(SystemError("start a process"));
  if (child == 0) ::_exit(Exec(runsc, folder));
  for (;;) {
    int status = 0;
    const pid_t ended = ::wait(&status);
    if (ended < 0 && errno != EINTR) return kNotHere;
    if (ended != child) continue;
    return WIFEXITED(status) ? WEXITSTATUS(status) : kKilledBy + WTERMSIG(status);
  }
}

}  // namespace

int RunInGvisor(const Job& job, const std::string& program) {
  const absl::StatusOr<std::string> runsc = FindProgram("runsc");
  if (!runsc.ok()) return Fail("there is no runsc here: it is in Debian's package runsc");
  const absl::StatusOr<std::unique_ptr<JobFolder>> folder = JobFolder::Make();
  if (!folder.ok()) return Fail(folder.status());
  if (absl::Status s = WriteFile((*folder)->File("config.json"), Config(job, program)); !s.ok()) {
    return Fail(s);
  }
  const absl::StatusOr<lab::Lab> lab = lab::EnterLab();
  if (!lab.ok()) return Fail(lab.status());
  if (absl::Status s = program::PrepareLab(*lab); !s.ok()) return Fail(s);
  Supervisor supervisor;
  if (absl::Status s = SeparateChildren(); !s.ok()) return Fail(s);
  const Appending out(STDOUT_FILENO);
  const Appending err(STDERR_FILENO);
  const absl::StatusOr<pid_t> first =
      supervisor.Start([&] { return RunAsFirst(*runsc, **folder); });
  if (!first.ok()) return Fail(first.status());
  return supervisor.WaitFor(*first, job.limit);
}

}  // namespace pollux::inside
