// SPDX-License-Identifier: Apache-2.0
//
// File: engine_test.h
//
// `EngineTest` is the ground of the tests of the Linux engine: an engine whose system calls can be
// made to fail, and what most tests do with its sockets.

#ifndef POLLUX_TESTS_PLATFORM_ENGINE_TEST_H_
#define POLLUX_TESTS_PLATFORM_ENGINE_TEST_H_

#include <cerrno>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "platform/linux/epoll_engine.h"
#include "tests/platform/faulty_calls.h"
#include "udp/datagram.h"
#include "udp/socket_engine.h"
#include "udp/socket_error.h"
#include "udp/testing/listen.h"
#include "udp/testing/matchers.h"

namespace pollux::linux_engine {

using ::pollux::testing::HasCause;
using ::pollux::testing::IsOk;
using ::pollux::testing::Listen;
using ::pollux::testing::Says;

// An error of the operating system with that number.
MATCHER_P(HasNumber, number, "") {
  return OsErrorNumberOf(::pollux::testing::StatusOf(arg)) == number;
}

class EngineTest : public ::testing::Test {
 protected:
  using NewEngine = absl::FunctionRef<std::unique_ptr<SocketEngine>(std::shared_ptr<FaultyCalls>)>;

  EngineTest()
      : EngineTest([](const std::shared_ptr<FaultyCalls>& calls) {
          return *EpollEngine::Create(calls);
        }) {}
  explicit EngineTest(NewEngine new_engine) : engine_(new_engine(calls_)) {}

  EventLoop& loop() { return engine_->loop(); }

  std::unique_ptr<EngineSocket> NewSocket(AddressFamily family) {
    absl::StatusOr<std::unique_ptr<EngineSocket>> socket = engine_->NewUdpSocket(family);
    EXPECT_THAT(socket, IsOk());
    return *std::move(socket);
  }
  // A socket that is bound to its family's wildcard.
  std::unique_ptr<EngineSocket> NewBound(AddressFamily family) {
    std::unique_ptr<EngineSocket> socket = NewSocket(family);
    EXPECT_THAT(socket->Bind(Endpoint(IpAddress(), 0)), IsOk());
    return socket;
  }
  // Where this machine reaches a bound socket by loopback.
  static Endpoint LoopbackOf(const EngineSocket& socket, AddressFamily family) {
    return Endpoint(
        family == AddressFamily::kIpv6 ? IpAddress::LoopbackIpv6() : IpAddress::LoopbackIpv4(),
        socket.LocalEndpoint().port);
  }

  // A loopback endpoint that refuses, because the socket that had it is gone.
  Endpoint ClosedEndpoint(AddressFamily family = AddressFamily::kIpv4) {
    return LoopbackOf(*NewBound(family), family);
  }

  static absl::StatusOr<size_t> SendOne(EngineSocket& socket, absl::string_view payload,
                                        const Endpoint& destination = Endpoint(),
                                        const SendOptions& options = SendOptions()) {
    const SendSlot slot{.payload = payload, .destination = destination, .options = options};
    return socket.Send({&slot, 1});
  }

  // The next datagram; nullopt for none, or for an error, which fails the test.
  static std::optional<Datagram> ReceiveOne(EngineSocket& socket, size_t room = 65536) {
    std::string buffer(room, '\0');
    ReceiveSlot slot{.buffer = absl::MakeSpan(buffer), .size = 0, .info = {}};
    const absl::StatusOr<size_t> count = socket.Receive({&slot, 1});
    EXPECT_THAT(count, IsOk());
    if (!count.ok() || *count == 0) return std::nullopt;
    return Datagram{.payload = std::string(slot.payload()), .info = slot.info};
  }
  // All payloads that wait.
  static std::vector<std::string> Drain(EngineSocket& socket) {
    std::vector<std::string> payloads;
    while (std::optional<Datagram> datagram = ReceiveOne(socket)) {
      payloads.push_back(datagram->payload);
    }
    return payloads;
  }

  // Runs the loop until `predicate` holds; far longer than anything here takes, if it must.
  bool RunUntil(absl::FunctionRef<bool()> predicate) {
    return loop().RunUntil(predicate, absl::Seconds(20));
  }
  void RunTurn() { loop().RunFor(absl::ZeroDuration()); }

  const std::shared_ptr<FaultyCalls> calls_ = std::make_shared<FaultyCalls>();
  const std::unique_ptr<SocketEngine> engine_;
};

}  // namespace pollux::linux_engine

#endif  // POLLUX_TESTS_PLATFORM_ENGINE_TEST_H_
