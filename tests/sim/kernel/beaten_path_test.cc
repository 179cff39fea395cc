// SPDX-License-Identifier: Apache-2.0
//
// A socket that sends to one address again does not ask for the way again. Nobody can tell: what
// changes the way, or the datagram, counts from the next send on.

#include <functional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/sim/kernel/two_hosts.h"

namespace pollux::sim {
namespace {

constexpr AddressFamily kIpv6 = AddressFamily::kIpv6;

// Two sockets on hosts of their own that do the same, one of which is made to forget the way before
// each send.
class BeatenPath : public ::testing::Test {
 protected:
  // What became of a send, as text: its result, and each packet that left.
  static std::string Describe(TestHost& host, const std::string& result, size_t first) {
    std::string text = result;
    for (size_t i = first; i < host.sent.size(); ++i) {
      const Packet& packet = host.sent[i].packet;
      absl::StrAppend(&text, "; ", host.sent[i].interface_index, " #", packet.id, " ",
                      packet.source.ToString(), " > ", packet.destination.ToString(), " ttl ",
                      packet.hop_limit, " class ", packet.traffic_class, packet.dont_fragment,
                      " offset ", packet.fragment_offset, " size ", packet.payload.size());
    }
    return text;
  }

  // Sends by both, twice, and EXPECTs the same. Returns what became of the second send.
  std::string SendTo(const std::string& to, const std::string& payload = "x") {
    std::string result;
    for (int i = 0; i < 2; ++i) {
      const size_t before = quick_.b.sent.size();
      const size_t slow_before = slow_.b.sent.size();
      result = Describe(quick_.b, quick_socket_.SendTo(to, payload), before);
      // Any call that can change a socket has it forget the way.
      slow_socket_.Set(SocketOption::kFreeBind, 0);
      EXPECT_EQ(Describe(slow_.b, slow_socket_.SendTo(to, payload), slow_before), result);
    }
    return result;
  }
  void Both(const std::function<void(TestHost&, Sock&)>& change) {
    change(quick_.b, quick_socket_);
    change(slow_.b, slow_socket_);
  }
  void Open(AddressFamily family) {
    quick_socket_ = quick_.b.Open(family);
    slow_socket_ = slow_.b.Open(family);
  }

  TwoHosts quick_;
  TwoHosts slow_;
  Sock quick_socket_ = quick_.b.Open();
  Sock slow_socket_ = slow_.b.Open();
};

TEST_F(BeatenPath, OptionsCountFromTheNextSendOn) {
  const struct {
    SocketOption option;
    int value;
    const char* shows;
  } kChanges[] = {{SocketOption::kHopLimit, 9, "ttl 9"},
                  {SocketOption::kTypeOfService, 0x28, "class 40"},
                  {SocketOption::kDontFragment, 1, "ok"},
                  {SocketOption::kBoundInterface, kW, "; 3 #"},
                  {SocketOption::kBoundInterface, 0, "; 2 #"}};
  SendTo("10.77.0.1:9");
  for (const auto& change : kChanges) {
    Both([&](TestHost&, Sock& socket) { socket.Set(change.option, change.value); });
    EXPECT_NE(SendTo("10.77.0.1:9").find(change.shows), std::string::npos) << change.shows;
  }
}

TEST_F(BeatenPath, EachDestinationHasItsOwnWay) {
  for (const char* to : {"10.77.0.1:9", "10.78.0.1:9", "10.77.0.1:10", "127.0.0.1:9", "10.77.0.2:9",
                         "10.77.0.1:9", "239.1.2.3:9", "10.77.0.1:9"}) {
    SendTo(to);
  }
  Open(kIpv6);
  for (const char* to : {"[fd77::1]:9", "[fd78::1]:9", "[fd77::1]:9", "[::1]:9"}) SendTo(to);
  Open(AddressFamily::kDual);
  for (const char* to : {"[fd77::1]:9", "10.77.0.1:9", "[::ffff:10.77.0.1]:9"}) SendTo(to);
}

TEST_F(BeatenPath, SizesThatDoNotFitAreLookedAt) {
  for (const size_t size : {0, 1472, 1473, 1472, 65507, 65508, 70000, 1}) {
    SendTo("10.77.0.1:9", std::string(size, 'x'));
  }
  Both([](TestHost&, Sock& socket) { socket.Set(SocketOption::kDontFragment, 1); });
  for (const size_t size : {1472, 1473, 1472}) SendTo("10.77.0.1:9", std::string(size, 'x'));
}

TEST_F(BeatenPath, WhatOneDatagramAsksForIsItsOwn) {
  const auto send = [](TestHost& host, Sock& socket, SendOptions options) {
    const size_t before = host.sent.size();
    const std::string result = socket.SendTo("10.77.0.1:9", "x", options);
    return Describe(host, result, before);
  };
  SendTo("10.77.0.1:9");
  EXPECT_NE(send(quick_.b, quick_socket_, {.hop_limit = 3}).find("ttl 3"), std::string::npos);
  EXPECT_NE(send(quick_.b, quick_socket_, {.interface_index = kW}).find("; 3 #"),
            std::string::npos);
  EXPECT_NE(send(quick_.b, quick_socket_, {.ecn = Ecn::kCapable0}).find("class 2"),
            std::string::npos);
  EXPECT_NE(send(quick_.b, quick_socket_, {}).find("ttl 64 class 0"), std::string::npos);
}

TEST_F(BeatenPath, EndsWhereAddressesOrRoutesChange) {
  SendTo("10.77.0.1:9");
  Both([](TestHost& host, Sock&) { host.stack.SetUp(kV, false); });
  SendTo("10.77.0.1:9");
  Both([](TestHost& host, Sock&) {
    host.stack.AddRoute({Address("10.77.0.0"), 24, Address("10.78.0.1"), kW});
  });
  EXPECT_NE(SendTo("10.77.0.1:9").find("; 3 #"), std::string::npos);
  Both([](TestHost& host, Sock&) {
    host.stack.SetUp(kV, true);
    host.stack.Reconfigure(kV);
  });
  EXPECT_NE(SendTo("10.77.0.1:9").find("; 2 #"), std::string::npos);
  Both([](TestHost& host, Sock&) { host.stack.RemoveAddress(kV, Address("10.77.0.2")); });
  SendTo("10.77.0.1:9");
}

TEST_F(BeatenPath, PeersComeAndGo) {
  SendTo("10.77.0.1:9");
  for (const char* peer : {"10.77.0.1:9", "10.78.0.1:9", "10.77.0.1:8"}) {
    Both([&](TestHost&, Sock& socket) { EXPECT_EQ(socket.Connect(peer), "ok"); });
    SendTo("");
    SendTo("10.77.0.1:9");
    SendTo("");
  }
  Both([](TestHost&, Sock& socket) { EXPECT_EQ(socket.Disconnect(), "ok"); });
  EXPECT_EQ(SendTo(""), "EDESTADDRREQ");
  SendTo("10.77.0.1:9");
  Both([](TestHost& host, Sock& socket) {
    static_cast<void>(host.stack.Connect(socket.id(), At("10.77.0.1:9")));
    static_cast<void>(host.stack.Shutdown(socket.id(), ShutdownHow::kWrite));
  });
  EXPECT_EQ(SendTo(""), "EPIPE");
}

// Nobody is on that port of the other host, which says so: the next send fails, as on Linux it does
// with a peer, and the one behind it goes out.
TEST_F(BeatenPath, APendingErrorIsReported) {
  quick_socket_.Connect("10.77.0.1:9");
  EXPECT_EQ(quick_socket_.Send("x"), "ok");
  EXPECT_EQ(quick_socket_.Send("x"), "ECONNREFUSED");
  EXPECT_EQ(quick_socket_.Send("x"), "ok");
  EXPECT_EQ(quick_socket_.Send("x"), "ECONNREFUSED");
}

TEST_F(BeatenPath, WhatIsLearnedOfAPathCounts) {
  SendTo("10.77.0.1:9");
  Both([](TestHost& host, Sock& socket) {
    Packet news;
    news.icmp = IcmpError::kFragmentationNeeded;
    news.icmp_mtu = 1000;
    news.icmp_reporter = Address("10.77.0.1");
    news.source = Endpoint(Address("10.77.0.2"), At(socket.Local()).port);
    news.destination = At("10.77.0.1:9");
    host.stack.Deliver(kV, news, absl::UnixEpoch());
  });
  EXPECT_NE(SendTo("10.77.0.1:9", std::string(1200, 'x')).find("offset 976"), std::string::npos);
}

}  // namespace
}  // namespace pollux::sim
