// SPDX-License-Identifier: Apache-2.0
//
// User-Mode Linux from inside: this process is the guest's first, and all that the guest has for a
// system.

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tools/inside/kernels.h"

namespace pollux::inside {
namespace {

constexpr char kFolderVariable[] = "POLLUX_INSIDE_JOB";

[[noreturn]] void PowerOff() {
  ::sync();
  ::reboot(RB_POWER_OFF);
  ::_exit(kNotHere);
}

void Check(bool well, const char* what) {
  if (well) return;
  std::perror(absl::StrCat("inside: the guest cannot ", what).c_str());
  PowerOff();
}

void Redirect(const std::string& path, int flags, int to) {
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC, 0600);
  Check(fd >= 0 && ::dup2(fd, to) == to, "redirect its output");
}

// In this order, for ipv6 needs crc-ccitt.
void LoadModules() {
  utsname kernel = {};
  ::uname(&kernel);
  for (const char* module : {"lib/crc-ccitt", "net/ipv6/ipv6", "drivers/net/veth"}) {
    const std::string path =
        absl::StrCat("/usr/lib/uml/modules/", kernel.release, "/kernel/", module, ".ko");
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    Check(fd >= 0 && ::syscall(SYS_finit_module, fd, "", 0) == 0, "load its modules");
    ::close(fd);
  }
}

// What is a matter of configuration shall be as on newer kernels: buffers up to 4 MiB.
void RaiseLimits() {
  for (const char* path : {"/proc/sys/net/core/rmem_max", "/proc/sys/net/core/wmem_max"}) {
    Check(WriteFile(path, absl::StrCat(4 << 20)).ok(), "raise the size of buffers");
  }
}

// What uml.cc wrote.
struct Order {
  absl::Duration limit;
  std::string folder;
  std::string program;
  std::vector<std::string> arguments;
  std::vector<std::string> environment;
};

Order ReadOrder(const std::string& path) {
  std::vector<std::string> words = absl::StrSplit(ReadFile(path), '\0');
  int64_t seconds = 0;
  size_t count = 0;
  Check(words.size() > 4 && absl::SimpleAtoi(words[0], &seconds) &&
            absl::SimpleAtoi(words[3], &count) && words.size() > 4 + count,
        "read its orders");
  words.pop_back();  // Behind the last zero there is nothing.
  const auto first = words.begin() + 4;
  const auto end = first + static_cast<std::ptrdiff_t>(count);
  return {absl::Seconds(seconds), words[1], words[2], {first, end}, {end, words.end()}};
}

int Exec(Order order) {
  std::vector<char*> argv;
  std::vector<char*> envp;
  for (std::string& word : order.arguments) argv.push_back(word.data());
  for (std::string& word : order.environment) envp.push_back(word.data());
  argv.push_back(nullptr);
  envp.push_back(nullptr);
  if (::chdir(order.folder.c_str()) < 0) std::perror("inside: the folder is not there");
  ::execve(order.program.c_str(), argv.data(), envp.data());
  std::perror("inside: the program does not start");
  return kNotExecutable;
}

}  // namespace

bool IsUmlInit() { return ::getpid() == 1 && std::getenv(kFolderVariable) != nullptr; }

void RunAsUmlInit() {
  const std::string folder = std::getenv(kFolderVariable);
  // The one place that can be written to: all else is the machine's, and mounted read-only.
  Check(::mount("none", folder.c_str(), "hostfs", 0, folder.c_str()) == 0, "see the job");
  Redirect("/dev/null", O_RDONLY, STDIN_FILENO);
  Redirect(folder + "/out", O_WRONLY | O_CREAT | O_TRUNC, STDOUT_FILENO);
  Redirect(folder + "/err", O_WRONLY | O_CREAT | O_TRUNC, STDERR_FILENO);
  Check(::mount("proc", "/proc", "proc", 0, nullptr) == 0, "mount /proc");
  Check(::mount("sys", "/sys", "sysfs", 0, nullptr) == 0, "mount /sys");
  ::mkdir("/dev/shm", 01777);
  Check(::mount("shm", "/dev/shm", "tmpfs", 0, nullptr) == 0, "mount /dev/shm");
  LoadModules();
  RaiseLimits();
  const Order order = ReadOrder(folder + "/job");
  Supervisor supervisor;
  const absl::StatusOr<pid_t> program = supervisor.Start([&] { return Exec(order); });
  Check(program.ok(), "start a process");
  const int code = supervisor.WaitFor(*program, order.limit);
  Check(WriteFile(folder + "/code", absl::StrCat(code)).ok(), "tell how it ended");
  PowerOff();
}

}  // namespace pollux::inside
