// SPDX-License-Identifier: Apache-2.0
//
// File: signal.h
//
// A callback that can be replaced, can destroy its owner, and can run again within itself, while it
// runs: whoever runs it shares it. Counted without atomic operations, which would cost more than
// the rest of a call: all of it belongs to one loop.

#ifndef POLLUX_UDP_INTERNAL_SIGNAL_H_
#define POLLUX_UDP_INTERNAL_SIGNAL_H_

#include <cstdint>
#include <utility>

#include "absl/functional/any_invocable.h"

namespace pollux::internal {

// Loop thread only.
template <typename... Args>
class Signal {
 public:
  using Callback = absl::AnyInvocable<void(Args...)>;

  Signal() = default;
  explicit Signal(Callback callback) { Set(std::move(callback)); }
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;
  ~Signal() { Release(shared_); }

  // An empty callback takes away the one there is.
  void Set(Callback callback) {
    Shared* const before = shared_;
    shared_ = callback ? new Shared{std::move(callback)} : nullptr;
    Release(before);  // Last, since what a callback owns may do anything when it goes.
  }
  bool is_set() const { return shared_ != nullptr; }
  void Run(Args... args) {
    Shared* const shared = shared_;
    if (shared == nullptr) return;
    ++shared->users;
    shared->callback(args...);
    Release(shared);  // This may be gone by now.
  }

 private:
  struct Shared {
    Callback callback;
    uint32_t users = 1;  // The signal, and those who run it.
  };
  static void Release(Shared* shared) {
    if (shared != nullptr && --shared->users == 0) delete shared;
  }

  Shared* shared_ = nullptr;
};

}  // namespace pollux::internal

#endif  // POLLUX_UDP_INTERNAL_SIGNAL_H_
