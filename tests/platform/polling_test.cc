// SPDX-License-Identifier: Apache-2.0
//
// A loop of few sockets, whose programs read in their callbacks, waits for them by ppoll(2): sends
// to and from a socket that is in no epoll set are cheaper. It is otherwise as any other.

#include <poll.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/platform/engine_test.h"
#include "udp/event_loop.h"
#include "udp/udp_socket.h"

namespace pollux::linux_engine {
namespace {

using ::testing::ElementsAre;

class PollingTest : public EngineTest {
 protected:
  // A socket that reads in its callback, once the loop has found out.
  std::unique_ptr<UdpSocket> NewReader() {
    auto socket = std::make_unique<UdpSocket>(*engine_);
    EXPECT_THAT(socket->Bind(IpAddress::LoopbackIpv4(), 0), IsOk());
    socket->OnReadyRead([this, reader = socket.get()] {
      while (true) {
        char buffer[100];
        const absl::StatusOr<size_t> size = reader->ReadDatagram(absl::MakeSpan(buffer));
        if (!size.ok()) return;
        read_.emplace_back(buffer, *size);
      }
    });
    read_.clear();
    Send(*socket, "first");
    EXPECT_TRUE(RunUntil([&] { return !read_.empty(); }));
    read_.clear();
    return socket;
  }
  void Send(const UdpSocket& to, absl::string_view payload) {
    EXPECT_EQ(*SendOne(*alice_, payload, to.local_endpoint()), 1u);
  }
  // Sends one and waits for it. Returns whether that took ppoll alone.
  bool ArrivesByPolling(const UdpSocket& to) {
    const int polls = calls_->count(Call::kPPoll);
    const int waits = calls_->count(Call::kEpollPwait2);
    read_.clear();
    Send(to, "x");
    EXPECT_TRUE(RunUntil([&] { return !read_.empty(); }));
    EXPECT_THAT(read_, ElementsAre("x"));
    return calls_->count(Call::kPPoll) > polls && calls_->count(Call::kEpollPwait2) == waits;
  }

  std::unique_ptr<EngineSocket> alice_ = NewBound(AddressFamily::kIpv4);
  std::vector<std::string> read_;
};

TEST_F(PollingTest, OneSocketOrTwoArePolled) {
  const auto bob = NewReader();
  EXPECT_TRUE(ArrivesByPolling(*bob));
  const auto carol = NewReader();
  EXPECT_TRUE(ArrivesByPolling(*bob));
  EXPECT_TRUE(ArrivesByPolling(*carol));
}

TEST_F(PollingTest, ManySocketsAreInTheEpollSet) {
  std::vector<std::unique_ptr<UdpSocket>> readers;
  for (int i = 0; i < 6; ++i) readers.push_back(NewReader());
  for (const auto& reader : readers) EXPECT_FALSE(ArrivesByPolling(*reader));
}

TEST_F(PollingTest, ASocketBesideItThatNobodyReadsInItsCallbackIsServedToo) {
  const auto bob = NewReader();
  ASSERT_TRUE(ArrivesByPolling(*bob));
  UdpSocket carol(*engine_);
  int signals = 0;
  ASSERT_THAT(carol.Bind(IpAddress::LoopbackIpv4(), 0), IsOk());
  carol.OnReadyRead([&] { ++signals; });
  Send(carol, "x");
  EXPECT_TRUE(RunUntil([&] { return signals == 1; }));
  Send(*bob, "y");
  EXPECT_TRUE(RunUntil([&] { return !read_.empty(); }));
  EXPECT_THAT(carol.ReceiveDatagram(), IsOk());
  Send(carol, "z");
  EXPECT_TRUE(RunUntil([&] { return signals == 2; }));
}

TEST_F(PollingTest, ASocketThatIsDestroyedIsPolledNoMore) {
  const auto bob = NewReader();
  auto carol = NewReader();
  carol.reset();
  EXPECT_TRUE(ArrivesByPolling(*bob));
  bob->OnReadyRead(nullptr);
  const int polls = calls_->count(Call::kPPoll);
  loop().RunFor(absl::Milliseconds(1));
  EXPECT_EQ(calls_->count(Call::kPPoll), polls);
}

TEST_F(PollingTest, AnotherThreadsTasksWakeItOnceEachAndItSleepsAgain) {
  const auto bob = NewReader();
  for (int i = 0; i < 3; ++i) {
    bool ran = false;
    std::thread thread([&] { loop().Post([&] { ran = true; }); });
    EXPECT_TRUE(RunUntil([&] { return ran; }));
    thread.join();
  }
  RunTurn();
  const int polls = calls_->count(Call::kPPoll);
  loop().RunFor(absl::Milliseconds(5));
  EXPECT_LE(calls_->count(Call::kPPoll), polls + 3) << "the loop did not sleep";
}

TEST_F(PollingTest, TimersFireAndNotEarly) {
  const auto bob = NewReader();
  bool fired = false;
  Timer timer(loop(), [&] { fired = true; });
  const absl::Time start = loop().Now();
  timer.Start(absl::Microseconds(300));
  EXPECT_TRUE(RunUntil([&] { return fired; }));
  EXPECT_GE(loop().Now() - start, absl::Microseconds(300));
}

TEST_F(PollingTest, ErrorsAreTold) {
  auto peer = NewBound(AddressFamily::kIpv4);
  UdpSocket carol(*engine_);
  const Endpoint there = LoopbackOf(*peer, AddressFamily::kIpv4);
  ASSERT_THAT(carol.ConnectToHost(there.address, there.port), IsOk());
  int read = 0;
  std::vector<absl::Status> errors;
  carol.OnReadyRead([&] { read += carol.ReceiveDatagram().ok(); });
  carol.OnError([&](const absl::Status& error) { errors.push_back(error); });
  for (int i = 1; i <= 2; ++i) {
    EXPECT_THAT(SendOne(*peer, "x", carol.local_endpoint()), IsOk());
    EXPECT_TRUE(RunUntil([&] { return read == i; }));
  }
  EXPECT_GT(calls_->count(Call::kPPoll), 0);
  peer.reset();
  ASSERT_THAT(carol.Write("x"), IsOk());
  EXPECT_TRUE(RunUntil([&] { return !errors.empty(); }));
  EXPECT_THAT(errors[0], HasCause(SocketError::kConnectionRefused));
}

TEST_F(PollingTest, WhereItIsRefusedEpollServes) {
  for (const int refusal : {ENOSYS, EPERM, ENOMEM}) {
    const auto bob = NewReader();
    calls_->Fail(Call::kPPoll, refusal, 1000000);
    EXPECT_FALSE(ArrivesByPolling(*bob));
    const int polls = calls_->count(Call::kPPoll);
    EXPECT_FALSE(ArrivesByPolling(*bob));
    EXPECT_EQ(calls_->count(Call::kPPoll), polls);
  }
}

TEST_F(PollingTest, WhereNeitherTakesThemTheyAreTriedAgain) {
  const auto bob = NewReader();
  calls_->Fail(Call::kPPoll, ENOMEM, 1);
  calls_->Fail(Call::kEpollCtl, ENOMEM, 1);
  EXPECT_FALSE(ArrivesByPolling(*bob));
  ArrivesByPolling(*bob);
}

TEST_F(PollingTest, AnInterruptedWaitIsAnEmptyTurn) {
  const auto bob = NewReader();
  calls_->Fail(Call::kPPoll, EINTR, 3);
  EXPECT_TRUE(ArrivesByPolling(*bob));
}

TEST_F(PollingTest, ALoopWithoutAnEndIsPolledToo) {
  UdpSocket carol(*engine_);
  ASSERT_THAT(carol.Bind(IpAddress::LoopbackIpv4(), 0), IsOk());
  int read = 0;
  carol.OnReadyRead([&] {
    read += carol.ReceiveDatagram().ok();
    loop().Stop();
  });
  for (int i = 1; i <= 3; ++i) {
    Send(carol, "x");
    loop().Run();
    EXPECT_EQ(read, i);
  }
  EXPECT_GT(calls_->count(Call::kPoll), 0);
  // And another thread ends it.
  std::thread stopper([&] { loop().Stop(); });
  loop().Run();
  stopper.join();
}

TEST_F(PollingTest, AForeignLoopFindsThemInTheEpollSet) {
  const auto bob = NewReader();
  ASSERT_TRUE(ArrivesByPolling(*bob));
  pollfd host = {.fd = static_cast<int>(*loop().native_handle()), .events = POLLIN, .revents = 0};
  RunTurn();
  read_.clear();
  Send(*bob, "x");
  ASSERT_EQ(::poll(&host, 1, 20'000), 1);
  RunTurn();
  EXPECT_THAT(read_, ElementsAre("x"));
  EXPECT_FALSE(ArrivesByPolling(*bob));
}

TEST_F(PollingTest, AProgramThatStopsReadingInItsCallbackIsToldOfNewArrivals) {
  UdpSocket carol(*engine_);
  ASSERT_THAT(carol.Bind(IpAddress::LoopbackIpv4(), 0), IsOk());
  bool reads = true;
  int signals = 0;
  carol.OnReadyRead([&] {
    ++signals;
    if (reads) carol.ReceiveDatagram().IgnoreError();
  });
  for (int i = 1; i <= 2; ++i) {
    Send(carol, "x");
    EXPECT_TRUE(RunUntil([&] { return signals == i; }));
  }
  const int polls = calls_->count(Call::kPPoll);
  EXPECT_GT(polls, 0);
  reads = false;
  Send(carol, "y");
  EXPECT_TRUE(RunUntil([&] { return signals == 3; }));
  // Its level would have the loop run for nothing.
  loop().RunFor(absl::Milliseconds(5));
  EXPECT_LE(calls_->count(Call::kPPoll), polls + 3) << "the loop did not sleep";
  EXPECT_THAT(carol.ReceiveDatagram(), IsOk());
  Send(carol, "z");
  EXPECT_TRUE(RunUntil([&] { return signals == 4; }));
}

}  // namespace
}  // namespace pollux::linux_engine
