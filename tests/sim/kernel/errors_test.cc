// SPDX-License-Identifier: Apache-2.0
//
// Sizes, errors and buffers on Linux. Comments name the rows of udp-semantics 1.4, or
// say what was observed on a running 6.18 kernel.

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "sim/kernel/receive_queue.h"
#include "tests/sim/kernel/two_hosts.h"

namespace pollux::sim {
namespace {

constexpr AddressFamily kDual = AddressFamily::kDual;
constexpr AddressFamily kIpv6 = AddressFamily::kIpv6;

std::string Bytes(size_t size) { return std::string(size, 'x'); }

// facts "max payload".
TEST(Size, LargestPayloads) {
  TwoHosts net;
  Sock ipv4 = net.a.Open();
  EXPECT_EQ(ipv4.SendTo("10.77.0.2:9", Bytes(65507)), "ok");
  EXPECT_EQ(ipv4.SendTo("10.77.0.2:9", Bytes(65508)), "EMSGSIZE");
  Sock dual = net.a.Open(kDual);
  EXPECT_EQ(dual.SendTo("10.77.0.2:9", Bytes(65507)), "ok");
  EXPECT_EQ(dual.SendTo("10.77.0.2:9", Bytes(65508)), "EMSGSIZE");
  EXPECT_EQ(dual.SendTo("[fd77::2]:9", Bytes(65527)), "ok");
  EXPECT_EQ(dual.SendTo("[fd77::2]:9", Bytes(65528)), "EMSGSIZE");
}

// facts "check order in send", and as observed for IPv6.
TEST(SendCheck, Order) {
  TwoHosts net;
  Sock ipv4 = net.b.Open();
  EXPECT_EQ(ipv4.SendTo("10.99.0.1:0", Bytes(65536)), "EMSGSIZE");
  EXPECT_EQ(ipv4.SendTo("10.99.0.1:0", Bytes(65508)), "EINVAL");
  EXPECT_EQ(ipv4.SendTo("255.255.255.255:9", Bytes(65508)), "ENETUNREACH");
  EXPECT_EQ(ipv4.SendTo("10.77.0.255:9", Bytes(65508)), "EACCES");
  EXPECT_EQ(ipv4.Send(Bytes(65536)), "EMSGSIZE");
  EXPECT_EQ(ipv4.Send("x"), "EDESTADDRREQ");
  Sock dual = net.b.Open(kDual);
  EXPECT_EQ(dual.SendTo("[::1]:0", Bytes(65536)), "EINVAL");
  EXPECT_EQ(dual.SendTo("[2001:db8::1]:9", Bytes(65536)), "ENETUNREACH");
  EXPECT_EQ(dual.SendTo("[::1]:9", Bytes(65536)), "EMSGSIZE");
  EXPECT_EQ(dual.Send(Bytes(65536)), "EDESTADDRREQ");
  Sock only = net.b.Open(kIpv6);
  EXPECT_EQ(only.SendTo("10.77.0.1:0", Bytes(65536)), "ENETUNREACH");
}

// facts "zero-length", "short buffer".
TEST(Receive, EmptyAndTruncated) {
  TwoHosts net;
  Sock server = net.a.Bound("10.77.0.1:7000");
  Sock client = net.b.Open();
  client.SendTo("10.77.0.1:7000", "");
  EXPECT_EQ(net.a.stack.PendingDatagramSize(server.id()), 0u);
  EXPECT_TRUE(net.a.stack.Readable(server.id()));
  EXPECT_EQ(server.Take(), "");
  EXPECT_FALSE(net.a.stack.Readable(server.id()));
  client.SendTo("10.77.0.1:7000", "hello");
  client.SendTo("10.77.0.1:7000", "whole");
  client.SendTo("10.77.0.1:7000", "by one");
  client.SendTo("10.77.0.1:7000", "next");
  EXPECT_EQ(net.a.stack.PendingDatagramSize(server.id()), 5u);
  const Taken cut = server.Receive(2);
  EXPECT_EQ(cut.text, "he");
  EXPECT_TRUE(cut.info.truncated);
  const Taken whole = server.Receive(5);
  EXPECT_EQ(whole.text, "whole");
  EXPECT_FALSE(whole.info.truncated);
  EXPECT_TRUE(server.Receive(5).info.truncated);
  EXPECT_TRUE(server.Receive(0).info.truncated);
  EXPECT_EQ(server.Take(), "(none)");
}

// Sizes on either side of each step, as observed on loopback.
TEST(Truesize, StepsOfOnePacket) {
  struct Step {
    size_t payload;
    size_t charge;
  };
  const auto charge = [](const char* to, size_t payload, uint32_t mtu) {
    Packet packet;
    packet.destination = At(to);
    packet.payload = Payload::Copy(Bytes(payload));
    return TruesizeOf(packet, mtu);
  };
  for (Step step : {Step{0, 832},
                    {100, 832},
                    {197, 832},
                    {198, 1280},
                    {512, 1280},
                    {645, 1280},
                    {646, 2304},
                    {1472, 2304},
                    {1669, 2304},
                    {1670, 4352},
                    {3717, 4352},
                    {3718, 8448},
                    {8000, 16640},
                    {16200, 17032},
                    {65400, 66232}}) {
    EXPECT_EQ(charge("127.0.0.1:1", step.payload, 65536), step.charge) << step.payload;
  }
  for (Step step : {Step{184, 832},
                    {185, 1280},
                    {632, 1280},
                    {633, 2304},
                    {1656, 2304},
                    {1657, 4352},
                    {3704, 4352},
                    {3705, 8448},
                    {16000, 16832},
                    {30000, 30832}}) {
    EXPECT_EQ(charge("[::1]:1", step.payload, 65536), step.charge) << step.payload;
  }
  // Of fragments, on a wire of 1500.
  for (Step step : {Step{1472, 2304},
                    {2980, 5440},
                    {3230, 5888},
                    {8980, 14656},
                    {20000, 32256},
                    {40000, 63040},
                    {65507, 102656}}) {
    EXPECT_EQ(charge("10.77.0.1:1", step.payload, 1500), step.charge) << step.payload;
  }
  for (Step step : {Step{8000, 13824}, {20000, 32256}, {65527, 104960}}) {
    EXPECT_EQ(charge("[fd77::1]:1", step.payload, 1500), step.charge) << step.payload;
  }
}

// facts "observed kept counts". The sizes of 8000 were seen on loopback.
TEST(ReceiveBuffer, KeepsWhatFits) {
  struct Case {
    int buffer;
    int kept[3];  // Of 100, 1000 and 8000 bytes.
  };
  for (const Case& c : {Case{2304, {2, 1, 1}}, {8192, {9, 3, 1}}, {131072, {157, 56, 7}}}) {
    const size_t sizes[] = {100, 1000, 8000};
    for (int i = 0; i < 3; ++i) {
      TwoHosts net;
      Sock server = net.a.Bound("127.0.0.1:7000");
      server.Set(SocketOption::kReceiveBufferSize, c.buffer / 2);
      ASSERT_EQ(server.Get(SocketOption::kReceiveBufferSize), absl::StrCat(c.buffer));
      Sock client = net.a.Open();
      for (int n = 0; n < 200; ++n) client.SendTo("127.0.0.1:7000", Bytes(sizes[i]));
      int kept = 0;
      while (server.Take() != "(none)") ++kept;
      EXPECT_EQ(kept, c.kept[i]) << c.buffer << " " << sizes[i];
      EXPECT_EQ(net.a.stack.Sockets()[0].dropped, static_cast<uint64_t>(200 - kept));
      EXPECT_EQ(net.a.stack.Sockets()[0].queued_bytes, 0u);
    }
  }
}

// Observed: 30 datagrams of 53 bytes fill a buffer of 8192; then one is read and one sent in turn.
// The memory of what was read comes back only when it is a quarter of the buffer.
TEST(ReceiveBuffer, GivesMemoryBackLate) {
  TwoHosts net;
  Sock server = net.a.Bound("127.0.0.1:7000");
  server.Set(SocketOption::kReceiveBufferSize, 4096);
  Sock client = net.a.Open();
  for (int i = 0; i < 30; ++i) client.SendTo("127.0.0.1:7000", absl::StrCat(i, Bytes(50)));
  std::vector<std::string> taken;
  for (int i = 0; i < 12; ++i) {
    taken.push_back(server.Take());
    if (taken.back().size() > 6) taken.back() = "old";
    client.SendTo("127.0.0.1:7000", absl::StrCat("new", i));
  }
  EXPECT_EQ(taken, (std::vector<std::string>{"old", "old", "old", "old", "old", "old", "old", "old",
                                             "old", "new2", "new3", "new4"}));
}

// Observed: of a buffer of 4000, which holds four small datagrams, one is in use after this.
TEST(ReceiveBuffer, HandsTheReaderWhatCameWhenItGivesMemoryBack) {
  TwoHosts net;
  Sock server = net.a.Bound("127.0.0.1:7000");
  server.Set(SocketOption::kReceiveBufferSize, 2000);
  Sock client = net.a.Open();
  client.SendTo("127.0.0.1:7000", "1");
  client.SendTo("127.0.0.1:7000", "2");
  EXPECT_EQ(server.Take(), "1");
  client.SendTo("127.0.0.1:7000", "3");
  EXPECT_EQ(server.Take(), "2");  // Memory of both is given back, and the reader has "3".
  client.SendTo("127.0.0.1:7000", "4");
  EXPECT_EQ(server.Take(), "3");  // Its part is empty, so that this is given back as well.
  for (int i = 5; i < 9; ++i) client.SendTo("127.0.0.1:7000", absl::StrCat(i));
  std::vector<std::string> taken;
  for (int i = 0; i < 5; ++i) taken.push_back(server.Take());
  EXPECT_EQ(taken, (std::vector<std::string>{"4", "5", "6", "7", "(none)"}));
}

// facts "SO_RCVBUF".
TEST(ReceiveBuffer, Grants) {
  TwoHosts net;
  Sock socket = net.a.Open();
  EXPECT_EQ(socket.Get(SocketOption::kReceiveBufferSize), "212992");
  EXPECT_EQ(socket.Set(SocketOption::kReceiveBufferSize, 0).Get(SocketOption::kReceiveBufferSize),
            "2304");
  EXPECT_EQ(socket.Set(SocketOption::kSendBufferSize, 1).Get(SocketOption::kSendBufferSize),
            "4608");
  const std::string most = absl::StrCat(2 * RulesFor(Platform::kLinux).receive_buffer_max);
  socket.Set(SocketOption::kReceiveBufferSize, -1);
  EXPECT_EQ(socket.Get(SocketOption::kReceiveBufferSize), most);
}

// facts "port unreachable, connected", "pending error and queued data", "does not consume the
// error".
TEST(PendingError, FailsOneCall) {
  TwoHosts net;
  Sock client = net.b.Bound("10.77.0.2:7001");
  ASSERT_EQ(client.Connect("10.77.0.1:7000"), "ok");
  EXPECT_EQ(client.Send("x"), "ok");
  EXPECT_EQ(client.Send("not sent"), "ECONNREFUSED");
  EXPECT_EQ(client.Send("x"), "ok");
  EXPECT_EQ(client.Take(), "ECONNREFUSED");
  EXPECT_EQ(client.Take(), "(none)");
  client.Send("x");
  EXPECT_TRUE(net.b.stack.Readable(client.id()));
  EXPECT_EQ(client.TakeError(), "ECONNREFUSED");
  EXPECT_EQ(client.TakeError(), "(none)");

  Sock server = net.a.Bound("10.77.0.1:7000");
  server.SendTo("10.77.0.2:7001", "data");
  server.Close();
  client.Send("");
  EXPECT_EQ(client.Connect("10.77.0.1:7000"), "ok");
  client.Set(SocketOption::kBroadcast, 1);
  EXPECT_EQ(client.Bind("0.0.0.0:1"), "EINVAL");
  EXPECT_EQ(client.Take(), "ECONNREFUSED");
  EXPECT_EQ(client.Take(), "data");
}

// Observed: the error is the last thing that a send looks at.
TEST(PendingError, OtherErrorsComeFirst) {
  TwoHosts net;
  Sock client = net.b.Open();
  ASSERT_EQ(client.Connect("10.77.0.1:7000"), "ok");
  client.Send("x");
  EXPECT_EQ(client.SendTo("10.77.0.1:0", "x"), "EINVAL");
  EXPECT_EQ(client.SendTo("10.77.0.255:9", "x"), "EACCES");
  EXPECT_EQ(client.Send(Bytes(65508)), "EMSGSIZE");
  EXPECT_EQ(client.Send("x"), "ECONNREFUSED");
}

// facts "port unreachable, unconnected".
TEST(PendingError, UnconnectedSocketsMustAsk) {
  TwoHosts net;
  Sock silent = net.b.Open();
  silent.SendTo("10.77.0.1:7000", "x");
  EXPECT_EQ(silent.Take(), "(none)");
  Sock asks = net.b.Open();
  asks.Set(SocketOption::kReportUnreachable, 1);
  asks.SendTo("10.77.0.1:7000", "x");
  EXPECT_EQ(asks.Take(), "ECONNREFUSED");
  const std::optional<PendingError> queued = net.b.stack.TakeError(asks.id());
  ASSERT_TRUE(queued.has_value());
  EXPECT_EQ(queued->error, OsError::kConnectionRefused);
  EXPECT_EQ(queued->destination.ToString(), "10.77.0.1:7000");
  EXPECT_EQ(queued->reporter, Address("10.77.0.1"));
  EXPECT_EQ(asks.TakeError(), "(none)");
}

// facts "ICMP rate limit".
TEST(Icmp, BurstOfSixThenOnePerSecond) {
  TwoHosts net;
  Sock client = net.b.Open();
  for (int i = 0; i < 10; ++i) client.SendTo("10.77.0.1:7000", "x");
  EXPECT_EQ(net.a.sent.size(), 6u);
  net.now += absl::Milliseconds(1500);
  for (int i = 0; i < 10; ++i) client.SendTo("10.77.0.1:7000", "x");
  EXPECT_EQ(net.a.sent.size(), 7u);
  Sock own = net.a.Open();
  net.a.sent.clear();
  for (int i = 0; i < 10; ++i) own.SendTo("10.77.0.1:7000", "x");
  EXPECT_EQ(net.a.sent.size(), 20u);
}

// facts "host/net unreachable", and the table of Linux for the others.
TEST(Icmp, WhatErrorsMean) {
  struct Case {
    IcmpError icmp;
    const char* connected;
    const char* asked;
  };
  for (const Case& c : {Case{IcmpError::kNetUnreachable, "(none)", "ENETUNREACH"},
                        {IcmpError::kHostUnreachable, "(none)", "EHOSTUNREACH"},
                        {IcmpError::kTimeExceeded, "(none)", "EHOSTUNREACH"},
                        {IcmpError::kProtocolUnreachable, "ENOPROTOOPT", "ENOPROTOOPT"},
                        {IcmpError::kAdminProhibited, "EHOSTUNREACH", "EHOSTUNREACH"},
                        {IcmpError::kFragmentationNeeded, "EMSGSIZE", "EMSGSIZE"}}) {
    for (bool asks : {false, true}) {
      TwoHosts net;
      Sock client = net.b.Bound("10.77.0.2:7001");
      ASSERT_EQ(client.Connect("10.77.0.1:7000"), "ok");
      client.Set(SocketOption::kReportUnreachable, asks);
      Packet error;
      error.source = At("10.77.0.2:7001");
      error.destination = At("10.77.0.1:7000");
      error.icmp = c.icmp;
      error.icmp_reporter = Address("10.77.0.254");
      error.icmp_mtu = 1280;
      net.b.stack.Deliver(kV, error, net.now);
      EXPECT_EQ(client.Take(), asks ? c.asked : c.connected) << static_cast<int>(c.icmp);
    }
  }
}

// Observed: an error about a datagram to the host itself comes by loopback, not by the bound
// interface.
TEST(Icmp, BoundInterfaceMissesItsOwnHostsErrors) {
  TwoHosts net;
  Sock plain = net.a.Open();
  ASSERT_EQ(plain.Connect("10.77.0.1:7000"), "ok");
  plain.Send("x");
  EXPECT_EQ(plain.Take(), "ECONNREFUSED");
  Sock bound = net.a.Open();
  bound.Set(SocketOption::kBoundInterface, kV);
  ASSERT_EQ(bound.Connect("10.77.0.1:7000"), "ok");
  bound.Send("x");
  EXPECT_EQ(bound.Take(), "(none)");
}

// facts "DF": EMSGSIZE against the interface's MTU, and a path MTU that ICMP told.
TEST(PathMtu, LimitsWhatMustNotBeSplit) {
  TwoHosts net;
  Sock client = net.b.Bound("10.77.0.2:7001");
  EXPECT_EQ(client.Get(SocketOption::kPathMtu), "ENOTCONN");
  ASSERT_EQ(client.Connect("10.77.0.1:7000"), "ok");
  EXPECT_EQ(client.Get(SocketOption::kPathMtu), "1500");
  net.a.Bound("10.77.0.1:7000");
  client.Send(Bytes(1472));
  EXPECT_TRUE(net.b.sent.back().packet.dont_fragment);
  client.Send(Bytes(1473));
  EXPECT_FALSE(net.b.sent.back().packet.dont_fragment);
  client.Set(SocketOption::kDontFragment, 1);
  EXPECT_EQ(client.Send(Bytes(1473)), "EMSGSIZE");
  EXPECT_EQ(client.Send(Bytes(1472)), "ok");
  Packet error = net.b.sent.back().packet;
  error.icmp = IcmpError::kFragmentationNeeded;
  error.icmp_mtu = 1000;
  net.b.stack.Deliver(kV, error, net.now);
  EXPECT_EQ(client.Take(), "EMSGSIZE");
  EXPECT_EQ(client.Get(SocketOption::kPathMtu), "1000");
  EXPECT_EQ(client.Send(Bytes(973)), "EMSGSIZE");
  EXPECT_EQ(client.Send(Bytes(972)), "ok");
  Sock ipv6 = net.b.Open(kDual);
  ipv6.Set(SocketOption::kDontFragment, 1);
  EXPECT_EQ(ipv6.SendTo("[fd77::1]:9", Bytes(1453)), "EMSGSIZE");
  EXPECT_EQ(ipv6.SendTo("[fd77::1]:9", Bytes(1452)), "ok");
}

// ip_rt_mtu_expires: ten minutes. A newer one counts from its own coming.
TEST(PathMtu, IsForgottenInTime) {
  TwoHosts net;
  Sock client = net.b.Bound("10.77.0.2:7001");
  ASSERT_EQ(client.Connect("10.77.0.1:7000"), "ok");
  client.Send("x");
  Packet error = net.b.sent.back().packet;
  error.icmp = IcmpError::kFragmentationNeeded;
  for (const uint32_t mtu : {1000, 800}) {
    error.icmp_mtu = mtu;
    net.b.stack.Deliver(kV, error, net.now);
    EXPECT_EQ(client.Take(), "EMSGSIZE");
    EXPECT_EQ(client.Get(SocketOption::kPathMtu), absl::StrCat(mtu));
  }
  ASSERT_EQ(net.b.timers.size(), 1u);
  EXPECT_EQ(net.b.timers.begin()->second, absl::Minutes(10));
  net.b.stack.TimerExpired(StackTimer::kPathMtu, 1, net.now);
  EXPECT_EQ(client.Get(SocketOption::kPathMtu), "800");
  net.b.stack.TimerExpired(StackTimer::kPathMtu, 2, net.now);
  EXPECT_EQ(client.Get(SocketOption::kPathMtu), "1500");
}

// facts "EMSGSIZE with IP_RECVERR + DO"; the port, the length and the own MTU as observed.
TEST(PathMtu, TooLargeIsQueuedWhereAskedFor) {
  TwoHosts net;
  Sock client = net.a.Open();
  client.Set(SocketOption::kReportUnreachable, 1).Set(SocketOption::kDontFragment, 1);
  EXPECT_EQ(client.SendTo("10.77.0.2:9", Bytes(3000)), "EMSGSIZE");
  const std::optional<PendingError> queued = net.a.stack.TakeError(client.id());
  ASSERT_TRUE(queued.has_value());
  EXPECT_EQ(queued->error, OsError::kMessageTooLong);
  EXPECT_EQ(queued->destination.ToString(), "10.77.0.2:0");
  EXPECT_EQ(client.SendTo("10.77.0.2:9", Bytes(65536)), "EMSGSIZE");
  EXPECT_EQ(client.TakeError(), "(none)");
  ASSERT_EQ(client.Connect("10.77.0.1:9"), "ok");
  EXPECT_EQ(client.Get(SocketOption::kPathMtu), "65535");
  Sock ipv6 = net.a.Open(kDual);
  ASSERT_EQ(ipv6.Connect("[fd77::1]:9"), "ok");
  EXPECT_EQ(ipv6.Get(SocketOption::kPathMtu), "65536");
}

// Observed: each entry that is taken leaves the next one pending.
TEST(PendingError, QueueAndErrorGoTogether) {
  TwoHosts net;
  Sock client = net.a.Open();
  client.Set(SocketOption::kReportUnreachable, 1);
  client.SendTo("127.0.0.1:1", "x");
  EXPECT_EQ(client.SendTo("127.0.0.1:2", "not sent"), "ECONNREFUSED");
  client.SendTo("127.0.0.1:2", "x");
  EXPECT_EQ(net.a.stack.TakeError(client.id())->destination.port, 1);
  EXPECT_EQ(client.Take(), "ECONNREFUSED");
  EXPECT_EQ(net.a.stack.TakeError(client.id())->destination.port, 2);
  EXPECT_EQ(client.Take(), "(none)");
}

// facts "SO_SNDBUF": a small one limits no datagram; "recv unbound"; 1.3.3 "IP_TTL".
// facts 1.4 "error queue": what waits there takes of the receive buffer, by the size of the
// message.
TEST(ErrorQueue, TakesOfTheReceiveBuffer) {
  TwoHosts net;
  Sock socket = net.a.Bound("10.77.0.1:5000");
  socket.Set(SocketOption::kReportUnreachable, 1).Set(SocketOption::kReceiveBufferSize, 0);
  const auto charged = [&] { return net.a.stack.Sockets().front().queued_bytes; };
  socket.SendTo("10.77.0.2:9", "x");
  EXPECT_EQ(charged(), 832u);
  socket.SendTo("10.77.0.2:9", "x");  // Reports the first.
  socket.SendTo("10.77.0.2:9", "x");
  EXPECT_EQ(charged(), 1664u);
  // No room for a third, nor for a datagram.
  socket.SendTo("10.77.0.2:9", "x");
  socket.SendTo("10.77.0.2:9", "x");
  EXPECT_EQ(charged(), 1664u);
  net.b.Open().SendTo("10.77.0.1:5000", "x");
  EXPECT_EQ(net.a.stack.PendingDatagramSize(socket.id()), std::nullopt);
  EXPECT_EQ(socket.TakeError(), "ECONNREFUSED");
  EXPECT_EQ(charged(), 832u);
  net.b.Open().SendTo("10.77.0.1:5000", "x");
  EXPECT_EQ(charged(), 1664u);
  EXPECT_EQ(socket.Take(), "ECONNREFUSED");  // The other one, which is the pending error now.
  EXPECT_EQ(socket.Take(), "x");
  EXPECT_EQ(charged(), 832u);
  socket.Set(SocketOption::kReportUnreachable, 0);
  EXPECT_EQ(charged(), 0u);
}

// Observed of every size: the message quotes 548 bytes of an IPv4 packet, 1232 of an IPv6 one.
TEST(ErrorQueue, ChargesWhatIsQuoted) {
  struct Step {
    const char* local;
    const char* to;
    size_t payload;
    size_t charge;
  };
  constexpr Step kSteps[] = {
      {"10.77.0.1:0", "10.77.0.2:9", 169, 832},   {"10.77.0.1:0", "10.77.0.2:9", 170, 1280},
      {"10.77.0.1:0", "10.77.0.2:9", 3000, 1280}, {"[fd77::1]:0", "[fd77::2]:9", 136, 832},
      {"[fd77::1]:0", "[fd77::2]:9", 137, 1280},  {"[fd77::1]:0", "[fd77::2]:9", 584, 1280},
      {"[fd77::1]:0", "[fd77::2]:9", 585, 2304},  {"[fd77::1]:0", "[fd77::2]:9", 20000, 2304},
  };
  for (const Step& step : kSteps) {
    TwoHosts net;
    const bool ipv6 = step.local[0] == '[';
    Sock socket = net.a.Bound(step.local, "", ipv6 ? AddressFamily::kIpv6 : AddressFamily::kIpv4);
    socket.Set(SocketOption::kReportUnreachable, 1);
    socket.SendTo(step.to, std::string(step.payload, 'x'));
    EXPECT_EQ(net.a.stack.Sockets().front().queued_bytes, step.charge) << step.to << step.payload;
  }
}

// Observed: fragments of 1500 bytes take 2304 each, and all but the last have to fit twice the
// buffer.
TEST(Size, OfFragmentsIsLimitedByTheSendBuffer) {
  TwoHosts net;
  Sock ipv4 = net.a.Open().Set(SocketOption::kSendBufferSize, 0);
  EXPECT_EQ(ipv4.SendTo("10.77.0.2:9", std::string(5912, 'x')), "ok");
  EXPECT_EQ(ipv4.SendTo("10.77.0.2:9", std::string(5913, 'x')), "ENOBUFS");
  EXPECT_EQ(ipv4.SendTo("10.77.0.1:9", std::string(65507, 'x')), "ok");
  Sock ipv6 = net.a.Open(AddressFamily::kIpv6).Set(SocketOption::kSendBufferSize, 0);
  EXPECT_EQ(ipv6.SendTo("[fd77::2]:9", std::string(5784, 'x')), "ok");
  EXPECT_EQ(ipv6.SendTo("[fd77::2]:9", std::string(5785, 'x')), "ENOBUFS");
  EXPECT_EQ(ipv6.SendTo("[fd77::1]:9", std::string(65488, 'x')), "ok");
  EXPECT_EQ(ipv6.SendTo("[fd77::1]:9", std::string(65489, 'x')), "ENOBUFS");
}

TEST(Size, TheSendBufferDoesNotLimitIt) {
  TwoHosts net;
  Sock socket = net.a.Open();
  EXPECT_EQ(socket.Take(), "(none)");
  socket.Set(SocketOption::kSendBufferSize, 1);
  EXPECT_EQ(socket.SendTo("127.0.0.1:9", Bytes(60000)), "ok");
  EXPECT_EQ(socket.TrySet(SocketOption::kHopLimit, 0), "EINVAL");
  EXPECT_EQ(socket.TrySet(SocketOption::kHopLimit, 256), "EINVAL");
  socket.Set(SocketOption::kHopLimit, 9).Set(SocketOption::kHopLimit, -1);
  EXPECT_EQ(socket.Get(SocketOption::kHopLimit), "64");
}

}  // namespace
}  // namespace pollux::sim
