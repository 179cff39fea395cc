// SPDX-License-Identifier: Apache-2.0
//
// User-Mode Linux from outside: the command line, the wait, and what came back.
//
// The job's folder is what guest and machine share. "job" tells the first process of the guest what
// to run (uml_init.cc reads it), "out" and "err" are the program's output, and "code" its exit
// code, which is there only if the guest came that far. "boot" is what linux.uml itself said.

#include <fcntl.h>
#include <sys/personality.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tools/inside/kernels.h"

namespace pollux::inside {
namespace {

// The guest ends the program by itself, which saves its output; this is for a guest that hangs.
constexpr absl::Duration kGrace = absl::Seconds(15);
// It boots in a tenth of a second. One that panics may hang.
constexpr absl::Duration kBootLimit = absl::Seconds(60);

std::vector<std::string> CommandLine(const std::string& self, const JobFolder& folder) {
  return {
      "linux.uml",
      "mem=96M",
      "rootfstype=hostfs",
      "rootflags=/",
      absl::StrCat("init=", self),
      absl::StrCat("POLLUX_INSIDE_JOB=", folder.path()),
      absl::StrCat("uml_dir=", folder.path(), "/"),
      // No console: it would turn the terminal's settings around.
      "con=null",
      "con0=null,null",
      "quiet",
      "loglevel=0",
      // A panic ends the guest, which then leaves no code.
      "noreboot",
      "panic=-1",
      // The rest is for speed: a tenth of a second in place of more than one.
      "lpj=17000000",
      "pty.legacy_count=0",
      "zswap.enabled=0",
      "initcall_blacklist=raid6_select_algo,calibrate_xor_blocks",
  };
}

std::string JobText(const Job& job, const std::string& program) {
  std::string text;
  const auto put = [&text](absl::string_view word) {
    text.append(word.data(), word.size());
    text += '\0';
  };
  std::error_code ignored;
  put(absl::StrCat(absl::ToInt64Seconds(job.limit) + 1));
  put(std::filesystem::current_path(ignored).string());
  put(program);
  put(absl::StrCat(job.program.size()));
  for (const std::string& argument : job.program) put(argument);
  for (char** variable = environ; *variable != nullptr; ++variable) put(*variable);
  return text;
}

// linux.uml maps its memory from a file, for which /dev/shm is the place, unless what lies there
// cannot be executed, as in containers.
void FindRoomForMemory(const JobFolder& folder) {
  struct statvfs facts = {};
  const bool usable = ::statvfs("/dev/shm", &facts) == 0 && (facts.f_flag & ST_NOEXEC) == 0;
  for (const char* name : {"TMPDIR", "TMP", "TEMP"}) ::unsetenv(name);
  if (!usable) ::setenv("TMPDIR", folder.path().c_str(), 1);
}

int Exec(const std::string& linux_uml, const std::string& self, const JobFolder& folder,
         std::vector<std::string> words) {
  StayOnOneProcessor();
  // See uml_ptrace.cc.
  const std::filesystem::path here = std::filesystem::path(self).parent_path();
  ::setenv("LD_PRELOAD", (here / "libuml_ptrace.so").c_str(), 1);
  // Else a random part of the guest's memory is lost to the description of a gap.
  ::personality(ADDR_NO_RANDOMIZE);
  FindRoomForMemory(folder);
  const int in = ::open("/dev/null", O_RDONLY);
  const int out = ::open(folder.File("boot").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::dup2(in, STDIN_FILENO);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(out, STDERR_FILENO);
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  ::execv(linux_uml.c_str(), argv.data());
  return kNotHere;
}

int Fail(absl::string_view what) {
  std::cerr << "inside: " << what << '\n';
  return kNotHere;
}

}  // namespace

int RunInUml(const Job& job, const std::string& program) {
  const absl::StatusOr<std::string> linux_uml = FindProgram("linux.uml");
  if (!linux_uml.ok()) {
    return Fail("there is no linux.uml here: it is in Debian's package user-mode-linux");
  }
  std::array<char, PATH_MAX> self = {};
  if (::readlink("/proc/self/exe", self.data(), self.size() - 1) < 0) return Fail("who am I?");
  const absl::StatusOr<std::unique_ptr<JobFolder>> folder = JobFolder::Make();
  if (!folder.ok()) return Fail(folder.status().message());
  if (absl::Status s = WriteFile((*folder)->File("job"), JobText(job, program)); !s.ok()) {
    return Fail(s.message());
  }
  Supervisor supervisor;
  // A guest is several processes, which do not all end with the first of them. Where a namespace
  // is not permitted, they still are one group.
  SeparateChildren().IgnoreError();
  const std::vector<std::string> words = CommandLine(self.data(), **folder);
  const absl::StatusOr<pid_t> guest =
      supervisor.Start([&] { return Exec(*linux_uml, self.data(), **folder, words); });
  if (!guest.ok()) return Fail(guest.status().message());
  const absl::Time start = absl::Now();
  const auto has_booted = [&] { return ::access((*folder)->File("out").c_str(), F_OK) == 0; };
  const int ended = supervisor.WaitFor(*guest, job.limit + kGrace, [&] {
    return absl::Now() - start > kBootLimit && !has_booted();
  });
  std::cout << ReadFile((*folder)->File("out")) << std::flush;
  std::cerr << ReadFile((*folder)->File("err")) << std::flush;
  int code = 0;
  if (absl::SimpleAtoi(ReadFile((*folder)->File("code")), &code)) return code;
  if (ended > kKilledBy || (ended == kTimedOut && has_booted())) return ended;
  std::cerr << ReadFile((*folder)->File("boot"));
  return Fail("User-Mode Linux gave no result; does this machine permit ptrace?");
}

}  // namespace pollux::inside
