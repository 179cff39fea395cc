// SPDX-License-Identifier: Apache-2.0

#include "examples/common/stop_on_signal.h"

#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

namespace pollux::examples {
namespace {

constexpr int kSignals[] = {SIGINT, SIGTERM};
constexpr char kSignalled = 's';
constexpr char kQuit = 'q';

// What a signal handler can reach. Set while a guard lives.
int pipe_ends[2] = {-1, -1};
struct sigaction former[2];

void WriteToPipe(char byte) {
  // A pipe that is full already holds a signal.
  while (write(pipe_ends[1], &byte, 1) < 0 && errno == EINTR) {
  }
}

extern "C" void OnSignal(int) {
  const int kept = errno;
  WriteToPipe(kSignalled);
  errno = kept;
}

}  // namespace

StopOnSignal::StopOnSignal(EventLoop& loop) : loop_(loop) {
  if (pipe_ends[0] != -1) {
    std::fputs("there is a StopOnSignal already\n", stderr);
    std::abort();
  }
  if (pipe(pipe_ends) != 0) {
    std::perror("error: no pipe for signals");
    std::exit(1);
  }
  waiter_ = std::thread([this] {
    char byte = 0;
    while (byte != kQuit) {
      const ssize_t size = read(pipe_ends[0], &byte, 1);
      if (size == 1 && byte == kSignalled) {
        signalled_.store(true);
        loop_.Stop();
      } else if (size < 0 && errno != EINTR) {
        return;
      }
    }
  });
  for (int i = 0; i < 2; ++i) {
    struct sigaction action = {};
    action.sa_handler = OnSignal;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    sigaction(kSignals[i], &action, &former[i]);
  }
}

StopOnSignal::~StopOnSignal() {
  for (int i = 0; i < 2; ++i) sigaction(kSignals[i], &former[i], nullptr);
  WriteToPipe(kQuit);
  waiter_.join();
  close(pipe_ends[0]);
  close(pipe_ends[1]);
  pipe_ends[0] = pipe_ends[1] = -1;
}

}  // namespace pollux::examples
