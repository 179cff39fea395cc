// SPDX-License-Identifier: Apache-2.0
//
// File: fault_guard.h
//
// `FaultGuard` keeps a fault in force while it is alive.
//
//   {
//     const sim::FaultGuard pause = server.HoldPaused();
//     net.RunFor(absl::Seconds(2));
//   }  // The server's program goes on.

#ifndef POLLUX_SIM_FAULT_GUARD_H_
#define POLLUX_SIM_FAULT_GUARD_H_

#include <memory>
#include <utility>

#include "absl/functional/any_invocable.h"

namespace pollux::sim {

// Loop thread only. Move-only. May outlive its network, and lifts nothing then.
//
// Guards of one thing count: what they hold stays as long as one of them does, in whatever order
// they go, and the last one to be lifted leaves what there would be without them.
class [[nodiscard]] FaultGuard {
 public:
  // Of nothing.
  FaultGuard() = default;
  // `lift` ends the fault. For who makes faults; programs get guards from them.
  explicit FaultGuard(absl::AnyInvocable<void()> lift) : lift_(std::move(lift)) {}
  FaultGuard(FaultGuard&& other) noexcept : lift_(std::exchange(other.lift_, nullptr)) {}
  FaultGuard& operator=(FaultGuard&& other) noexcept {
    if (this != &other) {
      Lift();
      lift_ = std::exchange(other.lift_, nullptr);
    }
    return *this;
  }
  ~FaultGuard() { Lift(); }

  // Ends the fault now; nothing happens if that has been.
  void Lift() {
    if (absl::AnyInvocable<void()> lift = std::exchange(lift_, nullptr)) lift();
  }
  bool in_force() const { return lift_ != nullptr; }

 private:
  absl::AnyInvocable<void()> lift_;
};

// Whose guards hold something until `End`, or until it goes itself: those that live on after that
// lift nothing any more. Thread-compatible.
class FaultEra {
 public:
  FaultGuard Guard(absl::AnyInvocable<void()> lift) {
    if (now_ == nullptr) now_ = std::make_shared<char>();
    return FaultGuard([now = std::weak_ptr<char>(now_), lift = std::move(lift)]() mutable {
      if (!now.expired()) lift();
    });
  }
  // Guards from now on are of another era.
  void End() { now_ = nullptr; }

 private:
  std::shared_ptr<char> now_;  // Null until there is a guard.
};

// Whether something is the matter: because a call said so, or because guards hold it.
// Thread-compatible.
struct FaultSwitch {
  bool by_call = false;
  int guards = 0;

  bool on() const { return by_call || guards > 0; }
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_FAULT_GUARD_H_
