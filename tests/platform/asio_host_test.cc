// SPDX-License-Identifier: Apache-2.0
//
// Asio hosts a Pollux loop: it waits for the loop's handle, and runs one turn when that is
// readable.

#include <asio.hpp>
#include <memory>
#include <thread>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "platform/native_engine.h"
#include "udp/udp_socket.h"

namespace pollux {
namespace {

class AsioHostTest : public ::testing::Test {
 protected:
  AsioHostTest() { Wait(); }
  ~AsioHostTest() override { handle_.release(); }

  void Wait() {
    handle_.async_wait(asio::posix::stream_descriptor::wait_read, [this](std::error_code error) {
      if (error) return;
      engine_->loop().RunFor(absl::ZeroDuration());
      Wait();
    });
  }
  template <typename Predicate>
  bool RunUntil(Predicate predicate) {
    // The handler of a timer that is gone still runs, in a later call of this function.
    const auto late = std::make_shared<bool>(false);
    asio::steady_timer limit(context_, std::chrono::seconds(20));
    limit.async_wait([late](std::error_code error) { *late = !error; });
    while (!predicate() && !*late) context_.run_one();
    return predicate();
  }

  asio::io_context context_;
  const std::unique_ptr<SocketEngine> engine_ = *NewNativeEngine();
  asio::posix::stream_descriptor handle_{context_,
                                         static_cast<int>(*engine_->loop().native_handle())};
};

TEST_F(AsioHostTest, DatagramsGoBackAndForth) {
  UdpSocket alice(*engine_), bob(*engine_);
  ASSERT_TRUE(alice.Bind(IpAddress::LoopbackIpv4(), 0).ok());
  ASSERT_TRUE(bob.Bind(IpAddress::LoopbackIpv4(), 0).ok());
  int rounds = 0;
  bob.OnReadyRead([&] {
    const absl::StatusOr<Datagram> datagram = bob.ReceiveDatagram();
    if (datagram.ok()) {
      EXPECT_TRUE(bob.WriteDatagram("pong", datagram->info.source).ok());
    }
  });
  alice.OnReadyRead([&] {
    EXPECT_EQ(alice.ReceiveDatagram()->payload, "pong");
    if (++rounds < 100) {
      EXPECT_TRUE(alice.WriteDatagram("ping", bob.local_endpoint()).ok());
    }
  });
  ASSERT_TRUE(alice.WriteDatagram("ping", bob.local_endpoint()).ok());
  EXPECT_TRUE(RunUntil([&] { return rounds == 100; }));
}

TEST_F(AsioHostTest, TimersFireAndOtherThreadsPost) {
  bool fired = false, posted = false;
  Timer timer(engine_->loop(), [&] { fired = true; });
  timer.Start(absl::Milliseconds(2));
  EXPECT_TRUE(RunUntil([&] { return fired; }));
  std::thread thread([&] { engine_->loop().Post([&] { posted = true; }); });
  EXPECT_TRUE(RunUntil([&] { return posted; }));
  thread.join();
}

TEST_F(AsioHostTest, ASocketOfAsioAndOneOfPolluxTalkInOneThread) {
  asio::ip::udp::socket theirs(context_, {asio::ip::address_v4::loopback(), 0});
  UdpSocket ours(*engine_);
  ASSERT_TRUE(ours.Bind(IpAddress::LoopbackIpv4(), 0).ok());
  bool heard = false, answered = false;
  ours.OnReadyRead([&] {
    const absl::StatusOr<Datagram> datagram = ours.ReceiveDatagram();
    heard = datagram.ok() && ours.WriteDatagram("answer", datagram->info.source).ok();
  });
  char buffer[100];
  asio::ip::udp::endpoint from;
  theirs.async_receive_from(asio::buffer(buffer), from, [&](std::error_code error, size_t size) {
    answered = !error && absl::string_view(buffer, size) == "answer";
  });
  theirs.send_to(asio::buffer("hello", 5),
                 {asio::ip::address_v4::loopback(), ours.local_endpoint().port});
  EXPECT_TRUE(RunUntil([&] { return heard && answered; }));
}

}  // namespace
}  // namespace pollux
