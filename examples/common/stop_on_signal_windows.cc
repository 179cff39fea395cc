// SPDX-License-Identifier: Apache-2.0
//
// `StopOnSignal` on Windows, where the system calls a console's handlers on a thread of its own: so
// the handler may call `Stop` itself.

#include <windows.h>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <mutex>

#include "examples/common/stop_on_signal.h"

namespace pollux::examples {
namespace {

std::mutex mutex;                     // Guards what follows.
std::function<void()> stop_the_loop;  // Set while a guard lives.

BOOL WINAPI OnControl(DWORD) {
  const std::lock_guard<std::mutex> lock(mutex);
  if (stop_the_loop == nullptr) return FALSE;
  stop_the_loop();
  return TRUE;
}

}  // namespace

StopOnSignal::StopOnSignal(EventLoop& loop) : loop_(loop) {
  const std::lock_guard<std::mutex> lock(mutex);
  if (stop_the_loop != nullptr) {
    std::fputs("there is a StopOnSignal already\n", stderr);
    std::abort();
  }
  stop_the_loop = [this] {
    signalled_.store(true);
    loop_.Stop();
  };
  // Without a console there is nobody to press Ctrl-C.
  SetConsoleCtrlHandler(&OnControl, TRUE);
}

StopOnSignal::~StopOnSignal() {
  SetConsoleCtrlHandler(&OnControl, FALSE);
  const std::lock_guard<std::mutex> lock(mutex);
  stop_the_loop = nullptr;
}

}  // namespace pollux::examples
