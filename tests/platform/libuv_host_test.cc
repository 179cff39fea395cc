// SPDX-License-Identifier: Apache-2.0
//
// libuv hosts a Pollux loop: it polls the loop's handle, and runs one turn when that is readable.

#include <uv.h>

#include <memory>
#include <thread>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "platform/native_engine.h"
#include "udp/udp_socket.h"

namespace pollux {
namespace {

class LibuvHostTest : public ::testing::Test {
 protected:
  LibuvHostTest() {
    uv_loop_init(&host_);
    uv_poll_init(&host_, &poll_, static_cast<int>(*engine_->loop().native_handle()));
    poll_.data = engine_.get();
    uv_poll_start(&poll_, UV_READABLE, [](uv_poll_t* poll, int, int) {
      static_cast<SocketEngine*>(poll->data)->loop().RunFor(absl::ZeroDuration());
    });
    uv_timer_init(&host_, &limit_);
    limit_.data = this;
  }
  ~LibuvHostTest() override {
    uv_close(reinterpret_cast<uv_handle_t*>(&poll_), nullptr);
    uv_close(reinterpret_cast<uv_handle_t*>(&limit_), nullptr);
    uv_run(&host_, UV_RUN_DEFAULT);
    uv_loop_close(&host_);
  }

  template <typename Predicate>
  bool RunUntil(Predicate predicate) {
    late_ = false;
    uv_timer_start(
        &limit_, [](uv_timer_t* timer) { static_cast<LibuvHostTest*>(timer->data)->late_ = true; },
        20000, 0);
    while (!predicate() && !late_) uv_run(&host_, UV_RUN_ONCE);
    uv_timer_stop(&limit_);
    return predicate();
  }

  uv_loop_t host_;
  uv_poll_t poll_;
  uv_timer_t limit_;
  bool late_ = false;
  const std::unique_ptr<SocketEngine> engine_ = *NewNativeEngine();
};

TEST_F(LibuvHostTest, DatagramsGoBackAndForth) {
  UdpSocket alice(*engine_), bob(*engine_);
  ASSERT_TRUE(alice.Bind(IpAddress::LoopbackIpv4(), 0).ok());
  ASSERT_TRUE(bob.Bind(IpAddress::LoopbackIpv4(), 0).ok());
  int rounds = 0;
  bob.OnReadyRead([&] {
    while (bob.HasPendingDatagrams()) {
      const absl::StatusOr<Datagram> datagram = bob.ReceiveDatagram();
      if (datagram.ok()) {
        EXPECT_TRUE(bob.WriteDatagram("pong", datagram->info.source).ok());
      }
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

TEST_F(LibuvHostTest, AFloodDoesNotKeepTheHostFromItsOwn) {
  UdpSocket socket(*engine_);
  ASSERT_TRUE(socket.Bind(IpAddress::LoopbackIpv4(), 0).ok());
  bool fired = false;
  size_t read = 0;
  socket.OnReadyRead([&] {
    while (socket.HasPendingDatagrams() && !fired) {
      EXPECT_TRUE(socket.ReceiveDatagram().ok());
      ++read;
      EXPECT_TRUE(socket.WriteDatagram("more", socket.local_endpoint()).ok());
    }
  });
  ASSERT_TRUE(socket.WriteDatagram("flood", socket.local_endpoint()).ok());
  uv_timer_t timer;
  uv_timer_init(&host_, &timer);
  timer.data = &fired;
  uv_timer_start(
      &timer, [](uv_timer_t* of) { *static_cast<bool*>(of->data) = true; }, 5, 0);
  EXPECT_TRUE(RunUntil([&] { return fired; }));
  EXPECT_GT(read, 0u);
  uv_close(reinterpret_cast<uv_handle_t*>(&timer), nullptr);
  uv_run(&host_, UV_RUN_NOWAIT);
}

TEST_F(LibuvHostTest, TimersFireAndOtherThreadsPost) {
  bool fired = false, posted = false;
  Timer timer(engine_->loop(), [&] { fired = true; });
  timer.Start(absl::Milliseconds(2));
  EXPECT_TRUE(RunUntil([&] { return fired; }));
  std::thread thread([&] { engine_->loop().Post([&] { posted = true; }); });
  EXPECT_TRUE(RunUntil([&] { return posted; }));
  thread.join();
}

}  // namespace
}  // namespace pollux
