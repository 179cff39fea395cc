// SPDX-License-Identifier: Apache-2.0
//
// File: boxed.h
//
// `Boxed` is an optional value that takes the room of a pointer while there is none: for what few
// of many sockets have.

#ifndef POLLUX_SIM_KERNEL_BOXED_H_
#define POLLUX_SIM_KERNEL_BOXED_H_

#include <memory>

namespace pollux::sim {

// Thread-compatible. A copy has a value of its own.
template <typename T>
class Boxed {
 public:
  Boxed() = default;  // None.
  Boxed(const Boxed& other) : value_(other ? std::make_unique<T>(*other) : nullptr) {}
  Boxed(Boxed&& other) noexcept = default;
  Boxed& operator=(Boxed other) noexcept {
    value_ = std::move(other.value_);
    return *this;
  }
  Boxed& operator=(const T& value) {
    value_ = std::make_unique<T>(value);
    return *this;
  }
  ~Boxed() = default;

  explicit operator bool() const { return value_ != nullptr; }
  T& operator*() { return *value_; }
  const T& operator*() const { return *value_; }
  T* operator->() { return value_.get(); }
  const T* operator->() const { return value_.get(); }
  void reset() { value_ = nullptr; }

 private:
  std::unique_ptr<T> value_;
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_KERNEL_BOXED_H_
