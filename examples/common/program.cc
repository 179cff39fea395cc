// SPDX-License-Identifier: Apache-2.0

#include "examples/common/program.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "absl/strings/match.h"
#include "gtest/gtest.h"

extern char** environ;

namespace pollux::examples {

Program::Program(const std::string& path, const std::vector<std::string>& arguments) {
  int ends[2];
  EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
  output_end_ = ends[0];
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
  std::string program = path;
  std::vector<std::string> owned = arguments;
  std::vector<char*> argv = {program.data()};
  for (std::string& argument : owned) argv.push_back(argument.data());
  argv.push_back(nullptr);
  EXPECT_EQ(posix_spawn(&pid_, path.c_str(), &actions, nullptr, argv.data(), environ), 0) << path;
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
}

Program::~Program() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  close(output_end_);
}

bool Program::ReadMore() {
  char buffer[4096];
  ssize_t size;
  do {
    size = read(output_end_, buffer, sizeof(buffer));
  } while (size < 0 && errno == EINTR);
  if (size > 0) output_.append(buffer, static_cast<size_t>(size));
  return size > 0;
}

bool Program::WaitFor(absl::string_view text) {
  while (!absl::StrContains(output_, text)) {
    if (!ReadMore()) return false;
  }
  return true;
}

void Program::Interrupt() { kill(pid_, SIGINT); }

int Program::Wait() {
  while (ReadMore()) {
  }
  int status = 0;
  if (pid_ <= 0 || waitpid(pid_, &status, 0) != pid_) return -1;
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace pollux::examples
