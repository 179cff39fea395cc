// SPDX-License-Identifier: Apache-2.0
//
// File: native_pair.h
//
// `NativePair` is what the beds of native engines have in common: two engines of one thread, which
// gives each its turns.

#ifndef POLLUX_TESTS_CONFORMANCE_NATIVE_PAIR_H_
#define POLLUX_TESTS_CONFORMANCE_NATIVE_PAIR_H_

#include <memory>
#include <utility>

#include "tests/conformance/bed.h"

namespace pollux::conformance {

class NativePair : public Bed {
 public:
  NativePair(std::unique_ptr<SocketEngine> a, std::unique_ptr<SocketEngine> b)
      : a_(std::move(a)), b_(std::move(b)) {}

  SocketEngine& a() override { return *a_; }
  SocketEngine& b() override { return *b_; }
  bool RunUntil(absl::FunctionRef<bool()> predicate, absl::Duration timeout) override;
  void Settle() override;

 private:
  // Waits until one of the two loops has something to do, by their native handles.
  virtual void WaitForEither(absl::Duration at_most) = 0;

  void Turn();
  void Probe(SocketEngine& from, const IpAddress& source, SocketEngine& to,
             const IpAddress& destination);

  std::unique_ptr<SocketEngine> a_;
  std::unique_ptr<SocketEngine> b_;
};

}  // namespace pollux::conformance

#endif  // POLLUX_TESTS_CONFORMANCE_NATIVE_PAIR_H_
