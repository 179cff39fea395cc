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

struct Program::Process {
  int id = -1;
  int output_end = -1;
};

Program::Program(const std::string& path, const std::vector<std::string>& arguments)
    : process_(std::make_unique<Process>()) {
  int ends[2];
  // Not by pipe2, which macOS lacks; no other thread starts programs meanwhile.
  EXPECT_EQ(pipe(ends), 0);
  for (const int end : ends) EXPECT_EQ(fcntl(end, F_SETFD, FD_CLOEXEC), 0);
  process_->output_end = ends[0];
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
  std::string program = path;
  std::vector<std::string> owned = arguments;
  std::vector<char*> argv = {program.data()};
  for (std::string& argument : owned) argv.push_back(argument.data());
  argv.push_back(nullptr);
  EXPECT_EQ(posix_spawn(&process_->id, path.c_str(), &actions, nullptr, argv.data(), environ), 0)
      << path;
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
}

Program::~Program() {
  if (process_->id > 0) {
    kill(process_->id, SIGKILL);
    waitpid(process_->id, nullptr, 0);
  }
  close(process_->output_end);
}

bool Program::ReadMore() {
  char buffer[4096];
  ssize_t size;
  do {
    size = read(process_->output_end, buffer, sizeof(buffer));
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

void Program::Interrupt() { kill(process_->id, SIGINT); }

bool Program::CanInterrupt() { return true; }

int Program::Wait() {
  while (ReadMore()) {
  }
  int status = 0;
  if (process_->id <= 0 || waitpid(process_->id, &status, 0) != process_->id) return -1;
  process_->id = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace pollux::examples
