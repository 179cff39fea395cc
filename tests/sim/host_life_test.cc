// SPDX-License-Identifier: Apache-2.0
//
// Hosts that crash and come back, and programs that are stopped and go on.

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "sim/network.h"
#include "udp/event_loop.h"
#include "udp/socket_error.h"
#include "udp/testing/matchers.h"
#include "udp/udp_socket.h"

namespace pollux::sim {
namespace {

using ::pollux::testing::HasCause;
using ::pollux::testing::IsOk;
using ::pollux::testing::Says;
using Strings = std::vector<std::string>;

constexpr uint16_t kPort = 7755;

// Answers every datagram with its own, and counts.
class Echo {
 public:
  Echo(SocketEngine& engine, int& answered) : socket_(engine), answered_(answered) {
    EXPECT_THAT(socket_.Bind(kPort), IsOk());
    socket_.OnReadyRead([this] {
      while (socket_.HasPendingDatagrams()) {
        const absl::StatusOr<Datagram> datagram = socket_.ReceiveDatagram();
        if (!datagram.ok()) return;
        ++answered_;
        socket_.WriteDatagram(datagram->payload, datagram->info.source).IgnoreError();
      }
    });
  }

 private:
  UdpSocket socket_;
  int& answered_;
};

class HostLifeTest : public ::testing::Test {
 protected:
  HostLifeTest() {
    lan_.Attach(alice_);
    lan_.Attach(bob_);
  }

  void Run(absl::Duration duration = absl::Milliseconds(10)) { net_.RunFor(duration); }
  Endpoint Bob() { return Endpoint(bob_.address(), kPort); }
  std::vector<std::string> Notes() {
    Strings notes;
    for (const EventLog::Entry& entry : log_.entries()) {
      if (entry.event.kind != EventKind::kFault) continue;
      notes.push_back(std::string(entry.event.host) + " " + entry.note);
    }
    return notes;
  }
  size_t Dropped(DropCause cause) {
    size_t count = 0;
    for (const EventLog::Entry& entry : log_.entries()) {
      if (entry.event.kind == EventKind::kDropped && entry.event.cause == cause) ++count;
    }
    return count;
  }

  Network net_{{.seed = 7}};
  EventLog log_{net_.trace()};
  Segment& lan_ = net_.AddSegment("lan", "10.0.0.0/24", {.latency = absl::Milliseconds(1)});
  Host& alice_ = net_.AddHost("alice");
  Host& bob_ = net_.AddHost("bob");
};

TEST_F(HostLifeTest, AfterACrashTheSocketsAreGoneAndPeersAreNotTold) {
  UdpSocket server(bob_.engine()), client(alice_.engine());
  ASSERT_THAT(server.Bind(kPort), IsOk());
  ASSERT_THAT(client.ConnectToHost(bob_.address(), kPort), IsOk());
  int read = 0, errors = 0;
  server.OnReadyRead([&] { ++read; });
  client.OnError([&](const absl::Status&) { ++errors; });
  bob_.Crash();
  EXPECT_TRUE(bob_.is_down());
  EXPECT_EQ(bob_.kernel().Sockets().size(), 0);
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(client.Write("anyone?"), IsOk());
    Run();
  }
  EXPECT_EQ(read, 0);
  EXPECT_EQ(errors, 0);
  EXPECT_EQ(Dropped(DropCause::kHostDown), 3);
  EXPECT_EQ(Notes(), Strings{"bob crashed"});
}

TEST_F(HostLifeTest, CallsOnSocketsOfACrashedHostSayThatItHasCrashed) {
  UdpSocket bound(bob_.engine()), fresh(bob_.engine());
  ASSERT_THAT(bound.Bind(kPort), IsOk());
  SocketEngine& before = bob_.engine();
  bob_.Crash();
  for (const absl::Status& status :
       {bound.WriteDatagram("x", Endpoint(alice_.address(), kPort)),
        bound.ReceiveDatagram().status(), bound.SetOption(SocketOption::kBroadcast, 1),
        bound.JoinMulticastGroup(IpAddress::Ipv4(239, 1, 1, 1)), fresh.Bind(0)}) {
    EXPECT_THAT(status, HasCause(SocketError::kOperation));
    EXPECT_THAT(status, Says("crashed"));
    EXPECT_EQ(OsErrorOf(status), OsError::kBadDescriptor);
  }
  EXPECT_FALSE(bound.HasPendingDatagrams());
  EXPECT_FALSE(before.Interfaces().ok());
  bob_.Restart();
  // They stay so: they belong to the boot before.
  EXPECT_THAT(bound.WriteDatagram("x", Endpoint(alice_.address(), kPort)),
              HasCause(SocketError::kOperation));
  EXPECT_NE(&before, &bob_.engine());
}

TEST_F(HostLifeTest, PacketsUnderWayFromACrashedHostArriveAndThoseToItAreLost) {
  UdpSocket a(alice_.engine()), b(bob_.engine());
  ASSERT_THAT(a.Bind(kPort), IsOk());
  ASSERT_THAT(b.Bind(kPort), IsOk());
  ASSERT_THAT(b.WriteDatagram("last words", Endpoint(alice_.address(), kPort)), IsOk());
  ASSERT_THAT(a.WriteDatagram("too late", Bob()), IsOk());
  bob_.Crash();
  bob_.Restart();
  UdpSocket again(bob_.engine());
  ASSERT_THAT(again.Bind(kPort), IsOk());
  Run();
  EXPECT_EQ(a.ReceiveDatagram()->payload, "last words");
  // What arrives after the restart is for whoever is there then.
  EXPECT_EQ(again.ReceiveDatagram()->payload, "too late");
}

TEST_F(HostLifeTest, WhatAHostSentToItselfEndsWithIt) {
  UdpSocket b(bob_.engine());
  ASSERT_THAT(b.Bind(kPort), IsOk());
  ASSERT_THAT(b.WriteDatagram("note to self", Bob()), IsOk());
  bob_.Restart();
  UdpSocket again(bob_.engine());
  ASSERT_THAT(again.Bind(kPort), IsOk());
  Run();
  EXPECT_FALSE(again.HasPendingDatagrams());
  EXPECT_EQ(Dropped(DropCause::kHostDown), 1);
}

TEST_F(HostLifeTest, AfterARestartPeersLearnThatThePortIsClosed) {
  UdpSocket server(bob_.engine()), client(alice_.engine());
  ASSERT_THAT(server.Bind(kPort), IsOk());
  ASSERT_THAT(client.ConnectToHost(bob_.address(), kPort), IsOk());
  std::optional<SocketError> error;
  client.OnError([&](const absl::Status& status) { error = SocketErrorOf(status); });
  bob_.Restart();
  ASSERT_THAT(client.Write("still there?"), IsOk());
  Run();
  EXPECT_EQ(error, SocketError::kConnectionRefused);
  EXPECT_EQ(Notes(), (Strings{"bob crashed", "bob restarted"}));
}

TEST_F(HostLifeTest, ARestartedHostHasItsAddressesAndNoMemberships) {
  const IpAddress group = IpAddress::Ipv4(239, 255, 1, 1);
  UdpSocket member(bob_.engine());
  ASSERT_THAT(member.Bind(kPort), IsOk());
  ASSERT_THAT(member.JoinMulticastGroup(group), IsOk());
  const IpAddress address = bob_.address();
  bob_.Restart();
  EXPECT_EQ(bob_.address(), address);
  UdpSocket sender(alice_.engine()), again(bob_.engine());
  ASSERT_THAT(again.Bind(kPort), IsOk());
  ASSERT_THAT(sender.WriteDatagram("hello", Endpoint(group, kPort)), IsOk());
  Run();
  EXPECT_FALSE(again.HasPendingDatagrams());
}

TEST_F(HostLifeTest, EachBootDrawsItsEphemeralPortsAnew) {
  UdpSocket first(bob_.engine());
  ASSERT_THAT(first.Bind(0), IsOk());
  const uint16_t port = first.local_endpoint().port;
  bob_.Restart();
  UdpSocket second(bob_.engine());
  ASSERT_THAT(second.Bind(0), IsOk());
  EXPECT_NE(second.local_endpoint().port, port);
}

TEST_F(HostLifeTest, PacketsAndSocketsOfALaterBootHaveNumbersOfTheirOwn) {
  const auto send = [&] {
    UdpSocket socket(bob_.engine());
    EXPECT_THAT(socket.WriteDatagram("x", Endpoint(alice_.address(), kPort)), IsOk());
    const uint64_t id = bob_.kernel().Sockets().front().id;
    Run();
    return id;
  };
  const uint64_t first = send();
  bob_.Restart();
  EXPECT_GT(send(), first);
  uint64_t last = 0;
  for (const EventLog::Entry& entry : log_.entries()) {
    if (entry.event.kind != EventKind::kSent || entry.event.host != "bob") continue;
    EXPECT_GT(entry.packet.id, last);
    last = entry.packet.id;
  }
  EXPECT_EQ(last, 2);
}

TEST_F(HostLifeTest, NoCallbackOfACrashedHostRuns) {
  int ran = 0;
  Timer timer(bob_.loop(), [&] { ++ran; });
  timer.Start(absl::Milliseconds(1));
  bob_.loop().Post([&] { ++ran; });
  bob_.engine().Resolve("alice", [&](auto) { ++ran; });
  EventLoop& before = bob_.loop();
  bob_.Crash();
  before.Post([&] { ++ran; });
  Timer late(before, [&] { ++ran; });
  late.Start(absl::ZeroDuration());
  Run();
  bob_.Restart();
  Run();
  before.RunFor(absl::ZeroDuration());
  EXPECT_EQ(ran, 0);
  EXPECT_EQ(before.Now(), net_.Now());
}

TEST_F(HostLifeTest, ACrashFromACallbackEndsTheTurn) {
  Strings ran;
  Timer first(bob_.loop(), [&] {
    ran.push_back("first");
    bob_.Crash();
    ran.push_back("to its end");
  });
  Timer second(bob_.loop(), [&] { ran.push_back("second"); });
  first.Start(absl::ZeroDuration());
  second.Start(absl::ZeroDuration());
  bob_.loop().Post([&] { ran.push_back("task"); });
  Run();
  EXPECT_EQ(ran, (Strings{"first", "to its end"}));
}

TEST_F(HostLifeTest, TheFactoryStartsTheProgramAgain) {
  int answered = 0, boots = 0;
  bob_.OnBoot([&](SocketEngine& engine) {
    ++boots;
    return std::make_unique<Echo>(engine, answered);
  });
  UdpSocket client(alice_.engine());
  const auto ask = [&] {
    EXPECT_THAT(client.WriteDatagram("ping", Bob()), IsOk());
    Run();
    const bool answer = client.HasPendingDatagrams();
    if (answer) {
      EXPECT_EQ(client.ReceiveDatagram()->payload, "ping");
    }
    return answer;
  };
  Run();
  EXPECT_TRUE(ask());
  bob_.Crash();
  EXPECT_FALSE(ask());
  bob_.Restart();
  EXPECT_TRUE(ask());
  EXPECT_EQ(boots, 2);
  EXPECT_EQ(answered, 2);
}

// A program that crashes the host it runs on.
struct Suicide {
  Suicide(SocketEngine& engine, Host& host, std::string& story)
      : timer(engine.loop(),
              [this, &host, &story] {
                host.Crash();
                name += " is alive until it returns";
                story = name;
              }),
        story_end(story) {
    timer.Start(absl::Milliseconds(1));
  }
  ~Suicide() { story_end += ", then gone"; }
  std::string name = "the program";
  Timer timer;
  std::string& story_end;
};

TEST_F(HostLifeTest, AProgramThatCrashesItsHostIsDestroyedWhenItsCallbackIsDone) {
  std::string story;
  bob_.OnBoot([&](SocketEngine& engine) { return std::make_unique<Suicide>(engine, bob_, story); });
  Run();
  EXPECT_EQ(story, "the program is alive until it returns, then gone");
}

TEST_F(HostLifeTest, AFactoryMayCrashItsHost) {
  bob_.OnBoot([&](SocketEngine& engine) {
    bob_.Crash();
    return std::make_unique<UdpSocket>(engine);
  });
  Run();
  EXPECT_TRUE(bob_.is_down());
}

TEST_F(HostLifeTest, WhileAProgramIsPausedItsKernelGoesOn) {
  UdpSocket server(bob_.engine()), client(alice_.engine());
  ASSERT_THAT(server.Bind(kPort), IsOk());
  int read = 0;
  server.OnReadyRead([&] { ++read; });
  bob_.Pause();
  for (int i = 0; i < 3; ++i) ASSERT_THAT(client.WriteDatagram("ping", Bob()), IsOk());
  Run();
  EXPECT_EQ(read, 0);
  EXPECT_EQ(bob_.kernel().Sockets().front().queued_datagrams, 3);
  bob_.Resume();
  Run();
  EXPECT_EQ(read, 1);
  EXPECT_EQ(Notes(), (Strings{"bob paused", "bob resumed"}));
}

TEST_F(HostLifeTest, APausedProgramsQueueOverflows) {
  UdpSocket server(bob_.engine()), client(alice_.engine());
  ASSERT_THAT(server.Bind(kPort), IsOk());
  ASSERT_THAT(server.SetOption(SocketOption::kReceiveBufferSize, 4096), IsOk());
  server.OnReadyRead([&] {
    while (server.HasPendingDatagrams()) server.ReceiveDatagram().IgnoreError();
  });
  bob_.Pause();
  for (int i = 0; i < 100; ++i) ASSERT_THAT(client.WriteDatagram("ping", Bob()), IsOk());
  Run();
  EXPECT_GT(Dropped(DropCause::kReceiveBufferFull), 50);
}

TEST_F(HostLifeTest, TimersThatCameDueInAPauseFireAtItsEndInOrder) {
  Strings ran;
  const absl::Time start = net_.Now();
  const auto note = [&](std::string name) {
    return [&, name] { ran.push_back(name + " " + absl::FormatDuration(net_.Now() - start)); };
  };
  Timer two(bob_.loop(), note("two")), one(bob_.loop(), note("one")),
      five(bob_.loop(), note("five"));
  two.Start(absl::Seconds(2));
  one.Start(absl::Seconds(1));
  five.Start(absl::Seconds(5));
  bob_.Pause();
  Run(absl::Seconds(3));
  EXPECT_EQ(ran, Strings{});
  bob_.Resume();
  Run(absl::Seconds(3));
  EXPECT_EQ(ran, (Strings{"one 3s", "two 3s", "five 5s"}));
}

TEST_F(HostLifeTest, APauseFromACallbackLeavesTheRestOfTheTurnForLater) {
  Strings ran;
  Timer first(bob_.loop(), [&] {
    ran.push_back("first");
    bob_.Pause();
  });
  Timer second(bob_.loop(), [&] { ran.push_back("second"); });
  first.Start(absl::ZeroDuration());
  second.Start(absl::ZeroDuration());
  bob_.loop().Post([&] { ran.push_back("task"); });
  Run();
  EXPECT_EQ(ran, Strings{"first"});
  bob_.loop().RunFor(absl::ZeroDuration());
  EXPECT_EQ(ran, Strings{"first"});
  bob_.Resume();
  Run();
  EXPECT_EQ(ran, (Strings{"first", "second", "task"}));
}

TEST_F(HostLifeTest, ACrashEndsAPause) {
  bob_.Pause();
  bob_.Restart();
  EXPECT_FALSE(bob_.is_paused());
  int ran = 0;
  bob_.loop().Post([&] { ++ran; });
  Run();
  EXPECT_EQ(ran, 1);
}

TEST_F(HostLifeTest, WhatIsDownIsNotPausedWhichIsOnRecord) {
  EventLog log(net_.trace());
  bob_.Crash();
  bob_.Pause();
  bob_.Freeze();
  EXPECT_FALSE(bob_.is_paused() || bob_.is_frozen());
  bob_.Restart();
  EXPECT_FALSE(bob_.is_paused() || bob_.is_frozen());
  Strings notes;
  for (const EventLog::Entry& entry : log.entries()) notes.push_back(entry.note);
  EXPECT_EQ(notes,
            (Strings{"crashed", "not paused: it is down", "not frozen: it is down", "restarted"}));
}

TEST_F(HostLifeTest, FaultsArePartOfTheFingerprint) {
  const uint64_t before = net_.Fingerprint();
  bob_.Pause();
  const uint64_t paused = net_.Fingerprint();
  EXPECT_NE(paused, before);
  bob_.Resume();
  EXPECT_NE(net_.Fingerprint(), paused);
}

// What the observer of a panic does is up to it.
TEST_F(HostLifeTest, AHostMayCrashInsideOfASystemCall) {
  Host& phone = net_.AddHost(
      "phone", {.platform = Platform::kSymbian, .capabilities = {.network_services = false}});
  phone.OnPanic([&](absl::string_view) { phone.Crash(); });
  UdpSocket socket(phone.engine());
  EXPECT_FALSE(socket.Bind(kPort).ok());
  EXPECT_TRUE(phone.is_down());
}

}  // namespace
}  // namespace pollux::sim
