// SPDX-License-Identifier: Apache-2.0
//
// Shutting sockets down, on every platform. Comments name the rows of udp-semantics 1.4, 2.3 and
// 3.3; Windows is the documentation of shutdown, send and recv.

#include <optional>
#include <string>

#include "gtest/gtest.h"
#include "tests/sim/kernel/two_hosts.h"

namespace pollux::sim {
namespace {

constexpr ShutdownHow kRead = ShutdownHow::kRead;
constexpr ShutdownHow kWrite = ShutdownHow::kWrite;
constexpr ShutdownHow kBoth = ShutdownHow::kBoth;

std::string Shutdown(TestHost& host, const Sock& socket, ShutdownHow how) {
  return Text(host.stack.rules(), host.stack.Shutdown(socket.id(), how));
}

// A receive that says "end" gives no source.
bool SaysEnd(Sock& socket) {
  const Taken taken = socket.Receive();
  return taken.text.empty() && !taken.info.source.is_set();
}

// facts 1.4 "shutdown connected".
TEST(LinuxShutdown, Connected) {
  TwoHosts net;
  Sock server = net.a.Bound("10.77.0.1:7000");
  Sock client = net.b.Bound("10.77.0.2:7000");
  EXPECT_EQ(client.Connect("10.77.0.1:7000"), "ok");
  server.SendTo("10.77.0.2:7000", "queued");
  EXPECT_EQ(Shutdown(net.b, client, kWrite), "ok");
  EXPECT_EQ(client.Send("x"), "EPIPE");
  EXPECT_EQ(client.SendTo("10.77.0.1:9", ""), "EPIPE");
  EXPECT_EQ(Shutdown(net.b, client, kRead), "ok");
  EXPECT_EQ(client.Take(), "queued");
  EXPECT_EQ(client.Take(), "(none)");
  server.SendTo("10.77.0.2:7000", "later");
  EXPECT_EQ(client.Take(), "later");
  EXPECT_EQ(client.Connect("10.77.0.1:7000"), "ok");
  EXPECT_EQ(client.Send("x"), "EPIPE") << "a connect opens nothing again";
  EXPECT_EQ(Shutdown(net.b, client, kBoth), "ok");
}

// facts 1.4 "shutdown unconnected".
TEST(LinuxShutdown, UnconnectedIsRefusedButDone) {
  TwoHosts net;
  Sock server = net.a.Bound("10.77.0.1:7000");
  EXPECT_EQ(Shutdown(net.a, server, kBoth), "ENOTCONN");
  EXPECT_EQ(server.SendTo("10.77.0.2:7000", "x"), "EPIPE");
  net.b.Open().SendTo("10.77.0.1:7000", "hello");
  EXPECT_EQ(server.Take(), "hello");
  EXPECT_EQ(server.Take(), "(none)");
}

// The check is where the kernel allocates the packet: behind all others, pending errors included.
TEST(LinuxShutdown, IsTheLastCheckOfASend) {
  TwoHosts net;
  Sock client = net.b.Open();
  EXPECT_EQ(client.Connect("10.77.0.1:7009"), "ok");
  EXPECT_EQ(client.Send("nobody listens"), "ok");
  EXPECT_EQ(Shutdown(net.b, client, kWrite), "ok");
  EXPECT_EQ(client.SendTo("10.77.0.1:0", "x"), "EINVAL");
  EXPECT_EQ(client.Send(std::string(65508, 'x')), "EMSGSIZE");
  EXPECT_EQ(client.Send("x"), "ECONNREFUSED");
  EXPECT_EQ(client.Send("x"), "EPIPE");
}

// facts 2.3 "shutdown of unconnected".
TEST(MacOsShutdown, UnconnectedAndRepeatedAreRefused) {
  TwoHosts net(RulesFor(Platform::kMacOs));
  Sock server = net.a.Bound("10.77.0.1:7000");
  EXPECT_EQ(Shutdown(net.a, server, kBoth), "ENOTCONN");
  EXPECT_EQ(server.SendTo("10.77.0.2:7000", "x"), "ok");
  EXPECT_EQ(server.Connect("10.77.0.2:7000"), "ok");
  EXPECT_EQ(Shutdown(net.a, server, kWrite), "ok");
  EXPECT_EQ(Shutdown(net.a, server, kWrite), "ENOTCONN");
  EXPECT_EQ(server.Send("x"), "EPIPE");
  EXPECT_FALSE(SaysEnd(server)) << "reading is still open";
  EXPECT_EQ(Shutdown(net.a, server, kBoth), "ENOTCONN") << "but reading is shut down now";
  EXPECT_TRUE(SaysEnd(server));
}

// facts 3.3 "shutdown of unconnected".
TEST(FreeBsdShutdown, UnconnectedIsRefusedButDone) {
  TwoHosts net(RulesFor(Platform::kFreeBsd));
  Sock server = net.a.Bound("10.77.0.1:7000");
  net.b.Open().SendTo("10.77.0.1:7000", "thrown away");
  EXPECT_EQ(Shutdown(net.a, server, kRead), "ENOTCONN");
  EXPECT_TRUE(SaysEnd(server));
  net.b.Open().SendTo("10.77.0.1:7000", "late");
  EXPECT_TRUE(SaysEnd(server));
  EXPECT_EQ(server.SendTo("10.77.0.2:7000", "x"), "ok");
  EXPECT_EQ(Shutdown(net.a, server, kWrite), "ENOTCONN");
  EXPECT_EQ(server.SendTo("10.77.0.2:0", "x"), "EPIPE") << "before the other checks";
}

TEST(WindowsShutdown, NeedsNoPeer) {
  TwoHosts net(RulesFor(Platform::kWindows));
  Sock server = net.a.Bound("10.77.0.1:7000");
  net.b.Open().SendTo("10.77.0.1:7000", "hello");
  EXPECT_EQ(Shutdown(net.a, server, kWrite), "ok");
  EXPECT_EQ(server.SendTo("10.77.0.2:7000", "x"), "WSAESHUTDOWN");
  EXPECT_EQ(server.Take(), "hello");
  EXPECT_EQ(Shutdown(net.a, server, kBoth), "ok");
  EXPECT_EQ(server.Take(), "WSAESHUTDOWN");
}

// SO_ERROR does not touch the error queue (facts 1.4 "port unreachable, unconnected").
TEST(SocketError, LeavesTheQueue) {
  TwoHosts net;
  Sock client = net.b.Open();
  client.Set(SocketOption::kReportUnreachable, 1);
  client.SendTo("10.77.0.1:7009", "nobody listens");
  EXPECT_EQ(net.b.stack.TakeSocketError(client.id()), OsError::kConnectionRefused);
  EXPECT_EQ(net.b.stack.TakeSocketError(client.id()), std::nullopt);
  EXPECT_EQ(client.TakeError(), "ECONNREFUSED");
  EXPECT_EQ(client.TakeError(), "(none)");
}

}  // namespace
}  // namespace pollux::sim
