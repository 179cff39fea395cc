// SPDX-License-Identifier: Apache-2.0
//
// File: inline_callback.h
//
// A callback that can be replaced while it runs, of an owner that stays for as long: it lies in its
// owner, and running it looks at no other memory. For one whose owner may go, see signal.h.

#ifndef POLLUX_UDP_INTERNAL_INLINE_CALLBACK_H_
#define POLLUX_UDP_INTERNAL_INLINE_CALLBACK_H_

#include <memory>
#include <utility>

#include "absl/base/optimization.h"
#include "absl/functional/any_invocable.h"

namespace pollux::internal {

// Loop thread only.
class InlineCallback {
 public:
  using Callback = absl::AnyInvocable<void()>;

  InlineCallback() = default;
  InlineCallback(const InlineCallback&) = delete;
  InlineCallback& operator=(const InlineCallback&) = delete;

  // An empty callback takes away the one there is. One that runs stays until it has returned.
  void Set(Callback callback) {
    is_set_ = callback != nullptr;
    if (running_) {
      next_ = std::make_unique<Callback>(std::move(callback));
    } else {
      Replace(std::move(callback));
    }
  }
  bool is_set() const { return is_set_; }
  bool is_running() const { return running_; }
  // Never within itself. There must be one.
  void Run() {
    running_ = true;
    callback_();
    running_ = false;
    if (ABSL_PREDICT_FALSE(next_ != nullptr)) Replace(std::move(*std::exchange(next_, nullptr)));
  }

 private:
  // What was there goes last, since what it owns may do anything when it goes.
  void Replace(Callback callback) { callback_.swap(callback); }

  Callback callback_;
  bool is_set_ = false;  // The latest.
  bool running_ = false;
  std::unique_ptr<Callback> next_;  // Set while it runs; null for none.
};

}  // namespace pollux::internal

#endif  // POLLUX_UDP_INTERNAL_INLINE_CALLBACK_H_
