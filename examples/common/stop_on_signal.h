// SPDX-License-Identifier: Apache-2.0
//
// File: stop_on_signal.h
//
// `StopOnSignal` turns Ctrl-C, and SIGTERM, into `EventLoop::Stop()`, so that `Run` returns and
// sockets close in their destructors:
//
//   StopOnSignal signals(engine->loop());
//   engine->loop().Run();
//   if (signals.signalled()) std::cout << "stopped\n";
//
// On Unix a signal handler may do next to nothing, and `Stop` is thread-safe but no system call: so
// the handler writes a byte to a pipe, and a thread that waits there calls `Stop`.

#ifndef POLLUX_EXAMPLES_COMMON_STOP_ON_SIGNAL_H_
#define POLLUX_EXAMPLES_COMMON_STOP_ON_SIGNAL_H_

#include <atomic>
#include <thread>

#include "udp/event_loop.h"

namespace pollux::examples {

// Thread-compatible. At most one at a time: this is checked. Without a descriptor left it ends the
// program and says so. Destroying it gives the signals their former meaning back.
class StopOnSignal {
 public:
  // `loop` must outlive the guard.
  explicit StopOnSignal(EventLoop& loop);
  StopOnSignal(const StopOnSignal&) = delete;
  StopOnSignal& operator=(const StopOnSignal&) = delete;
  ~StopOnSignal();

  // Whether a signal has come.
  bool signalled() const { return signalled_.load(); }

 private:
  EventLoop& loop_;
  std::atomic<bool> signalled_{false};
  std::thread waiter_;
};

}  // namespace pollux::examples

#endif  // POLLUX_EXAMPLES_COMMON_STOP_ON_SIGNAL_H_
