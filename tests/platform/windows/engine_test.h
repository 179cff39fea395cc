// SPDX-License-Identifier: Apache-2.0
//
// File: engine_test.h
//
// The ground of the tests of the Windows engine.

#ifndef POLLUX_TESTS_PLATFORM_WINDOWS_ENGINE_TEST_H_
#define POLLUX_TESTS_PLATFORM_WINDOWS_ENGINE_TEST_H_

#include <memory>

#include "absl/functional/function_ref.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "platform/windows/windows_engine.h"
#include "tests/platform/windows/scripted_winsock.h"
#include "udp/socket_error.h"
#include "udp/testing/matchers.h"
#include "udp/udp_socket.h"

namespace pollux::windows_engine {

using ::pollux::testing::HasCause;
using ::pollux::testing::IsOk;
using ::pollux::testing::Says;

class WindowsEngineTest : public ::testing::Test {
 protected:
  SocketEngine& engine() { return *engine_; }
  EventLoop& loop() { return engine_->loop(); }

  UdpSocket Bound() {
    UdpSocket socket(engine());
    EXPECT_THAT(socket.Bind(IpAddress::LoopbackIpv4(), 0), IsOk());
    return socket;
  }
  // Far longer than anything here takes, if it must.
  bool RunUntil(absl::FunctionRef<bool()> predicate) {
    return loop().RunUntil(predicate, absl::Seconds(20));
  }

  const std::shared_ptr<ScriptedWinsock> calls_ = std::make_shared<ScriptedWinsock>();
  const std::unique_ptr<WindowsEngine> engine_ = *WindowsEngine::Create(calls_);
};

}  // namespace pollux::windows_engine

#endif  // POLLUX_TESTS_PLATFORM_WINDOWS_ENGINE_TEST_H_
