// SPDX-License-Identifier: Apache-2.0

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "tests/program/random_program.h"
#include "tools/program/program.h"

namespace pollux::program {
namespace {

constexpr char kHeader[] =
    "host a\n"
    "interface a va 10.77.0.1/24 fd77::1/64 on v\n"
    "socket s a dual\n";

// What is said of the program of kHeader and one more line: without "FILE:LINE: ".
std::string ErrorOf(absl::string_view line) {
  const absl::StatusOr<Program> program =
      Program::Parse(absl::StrCat(kHeader, line, "\n"), "test.pollux");
  if (program.ok()) return "ok";
  EXPECT_EQ(program.status().code(), absl::StatusCode::kInvalidArgument);
  const std::string message(program.status().message());
  constexpr absl::string_view kPlace = "test.pollux:4: ";
  EXPECT_TRUE(absl::StartsWith(message, kPlace)) << message;
  return message.substr(std::min(kPlace.size(), message.size()));
}

void ExpectSame(const Program& a, const Program& b) {
  ASSERT_EQ(a.hosts.size(), b.hosts.size());
  for (size_t i = 0; i < a.hosts.size(); ++i) {
    EXPECT_EQ(a.hosts[i].name, b.hosts[i].name);
    ASSERT_EQ(a.hosts[i].interfaces.size(), b.hosts[i].interfaces.size());
    for (size_t k = 0; k < a.hosts[i].interfaces.size(); ++k) {
      EXPECT_EQ(a.hosts[i].interfaces[k].name, b.hosts[i].interfaces[k].name);
      EXPECT_EQ(a.hosts[i].interfaces[k].segment, b.hosts[i].interfaces[k].segment);
      EXPECT_EQ(a.hosts[i].interfaces[k].addresses, b.hosts[i].interfaces[k].addresses);
    }
    ASSERT_EQ(a.hosts[i].default_routes.size(), b.hosts[i].default_routes.size());
    for (size_t k = 0; k < a.hosts[i].default_routes.size(); ++k) {
      EXPECT_EQ(a.hosts[i].default_routes[k].gateway, b.hosts[i].default_routes[k].gateway);
      EXPECT_EQ(a.hosts[i].default_routes[k].interface, b.hosts[i].default_routes[k].interface);
    }
  }
  ASSERT_EQ(a.calls.size(), b.calls.size());
  for (size_t i = 0; i < a.calls.size(); ++i) {
    const Call& x = a.calls[i];
    const Call& y = b.calls[i];
    SCOPED_TRACE(x.ToString());
    EXPECT_EQ(x.verb, y.verb);
    EXPECT_EQ(x.socket, y.socket);
    EXPECT_EQ(x.host, y.host);
    EXPECT_EQ(x.family, y.family);
    EXPECT_EQ(x.uid, y.uid);
    EXPECT_EQ(x.option, y.option);
    EXPECT_EQ(x.value, y.value);
    EXPECT_EQ(x.endpoint, y.endpoint);
    EXPECT_EQ(x.payload, y.payload);
    EXPECT_EQ(x.size, y.size);
    EXPECT_EQ(x.group, y.group);
    EXPECT_EQ(x.source, y.source);
    EXPECT_EQ(x.interface, y.interface);
    EXPECT_EQ(x.how, y.how);
    EXPECT_EQ(x.duration, y.duration);
  }
}

TEST(Parse, ReadsEveryVerb) {
  const std::string text = absl::StrCat(kHeader, R"(
# A comment, and a blank line before it.
set s ReuseAddress 1     # behind a call
set s BoundInterface va
set s BoundInterface none
get s HopLimit
bind s *:5000
connect s [fe80::9%va]:9
disconnect s
send s "he said \"x\"\n"
send s 10.77.0.2:9 size 40
receive s
receive s 2
pending s
join s ff02::1%va from fd77::2
leave s 239.1.2.3 va
outgoing s lo
outgoing s none
shutdown s write
local s
peer s
error s
advance 1.5s
close s
socket t a ipv6 uid 1000)");
  const absl::StatusOr<Program> program = Program::Parse(text, "test.pollux");
  ASSERT_TRUE(program.ok()) << program.status();
  const std::vector<Call>& calls = program->calls;
  ASSERT_EQ(calls.size(), 24u);
  EXPECT_EQ(calls[0].line, 3);
  EXPECT_EQ(calls[1].line, 6);
  EXPECT_EQ(calls[2].value, 2) << "va is the first interface behind lo";
  EXPECT_EQ(calls[3].value, 0);
  EXPECT_EQ(calls[5].endpoint, Endpoint(IpAddress::Any(), 5000));
  EXPECT_EQ(calls[6].endpoint.address.scope_id(), 2u);
  EXPECT_EQ(calls[8].payload, "he said \"x\"\n");
  EXPECT_EQ(calls[9].payload, "abcdefghijklmnopqrstuvwxyzabcdefghijklmn");
  EXPECT_EQ(calls[10].size, 65535u);
  EXPECT_EQ(calls[13].source.ToString(), "fd77::2");
  EXPECT_EQ(calls[14].interface, "va");
  EXPECT_EQ(calls[16].interface, "");
  EXPECT_EQ(calls[17].how, ShutdownHow::kWrite);
  EXPECT_EQ(calls[21].duration, absl::Milliseconds(1500));
  EXPECT_EQ(calls[23].uid, 1000u);
  EXPECT_EQ(calls[6].ToString(&program->hosts[0]), "connect s [fe80::9%va]:9");
  EXPECT_EQ(calls[6].ToString(), "connect s [fe80::9%2]:9");
}

TEST(Parse, EmptyTextsAreEmptyPrograms) {
  for (const char* text : {"", "\n\n", "# nothing", " \t\r\n"}) {
    const absl::StatusOr<Program> program = Program::Parse(text, "empty");
    ASSERT_TRUE(program.ok()) << program.status();
    EXPECT_TRUE(program->hosts.empty() && program->calls.empty());
    EXPECT_EQ(program->ToString(), "");
  }
}

TEST(Parse, QuotesWhatIsWrongAndSaysWhatIsRight) {
  EXPECT_EQ(ErrorOf("bind s 10.77.0.1"),
            "\"10.77.0.1\" is no endpoint; write one like 10.77.0.1:5000, [fd77::1]:5000, "
            "[fe80::1%INTERFACE]:5000 or *:5000");
  EXPECT_EQ(ErrorOf("bind t *:1"),
            "there is no socket \"t\"; make it before: socket NAME HOST ipv4|ipv6|dual [uid UID]");
  EXPECT_EQ(ErrorOf("bind s"),
            "the line ends where an endpoint should be; write: bind NAME ENDPOINT");
  EXPECT_EQ(ErrorOf("bind s *:1 *:2"), "\"*:2\" is one word too many; write: bind NAME ENDPOINT");
  EXPECT_EQ(ErrorOf("socket s a ipv4"),
            "there is a socket \"s\" already, since line 3; choose another name");
  EXPECT_EQ(ErrorOf("socket t b ipv4"), "there is no host \"b\"; declare it before: host NAME");
  EXPECT_EQ(ErrorOf("socket t a tcp"), "\"tcp\" is none of ipv4, ipv6 and dual");
  EXPECT_EQ(ErrorOf("socket 7 a ipv4"),
            "\"7\" is no name: a letter, then letters, digits, '-', '_' or '.', 15 in all");
  EXPECT_EQ(ErrorOf("socket from a ipv4"), "\"from\" is a word of the language, and no name");
  EXPECT_EQ(ErrorOf("set s ReuseAddress yes"),
            "\"yes\" is not a value: a number from -2147483648 to 2147483647");
  EXPECT_EQ(ErrorOf("receive s 99999"),
            "\"99999\" is not the size of a buffer: a number from 0 to 70000");
  EXPECT_EQ(ErrorOf("shutdown s all"), "\"all\" is none of read, write and both");
  EXPECT_EQ(ErrorOf("advance -1s"),
            "\"-1s\" is no duration from 0s to 24h; write one like 250ms, 1.5s or 2m");
  EXPECT_EQ(ErrorOf("join s 239.1.2.3 vb"),
            "host a has no interface \"vb\"; it has lo and those that it is declared with");
  EXPECT_EQ(ErrorOf("connect s [fe80::1%vb]:9"),
            "the scope in \"[fe80::1%vb]:9\" is no interface of host a");
  EXPECT_EQ(ErrorOf("send s \"hello"), "the payload \"\\\"hello\" has no end; close it with '\"'");
  EXPECT_EQ(ErrorOf("send s \"a\"b"), "a blank is missing between the closing '\"' and \"b\"");
  EXPECT_TRUE(absl::StartsWith(ErrorOf("send s \"\\q\""), "the payload \"\\\\q\" has an unknown"));
  EXPECT_TRUE(absl::StartsWith(ErrorOf("set s Reuse 1"),
                               "\"Reuse\" is no option; the options are ReuseAddress, "));
  EXPECT_TRUE(absl::StartsWith(ErrorOf("bnid s *:1"), "\"bnid\" is neither a declaration nor a"));
  EXPECT_EQ(ErrorOf("host b"),
            "\"host\" stands behind the first call, in line 3; declare hosts, interfaces and "
            "routes before");
}

TEST(Parse, StarIsTheWildcardOfTheFamily) {
  const absl::StatusOr<Program> program = Program::Parse(
      "host a\nsocket four a ipv4\nbind four *:1\nsocket six a ipv6\nbind six *:1\n"
      "socket both a dual\nbind both *:1\n",
      "t");
  ASSERT_TRUE(program.ok()) << program.status();
  EXPECT_EQ(program->calls[1].endpoint.ToString(), "0.0.0.0:1");
  EXPECT_EQ(program->calls[3].endpoint.ToString(), "[::]:1");
  EXPECT_EQ(program->calls[5].endpoint.ToString(), "*:1");
}

TEST(Parse, ClosedSocketsAreGone) {
  const absl::StatusOr<Program> program =
      Program::Parse(absl::StrCat(kHeader, "close s\nlocal s\n"), "f");
  EXPECT_EQ(program.status().message(), "f:5: socket s is closed since line 4; make another one");
}

// The message about the second line of a topology.
std::string TopologyError(absl::string_view first, absl::string_view second) {
  const absl::StatusOr<Program> program = Program::Parse(
      absl::StrCat("host a\nhost b\ninterface a va ", first, "\n", second, "\n"), "t");
  return program.ok() ? "ok" : std::string(program.status().message());
}

TEST(Parse, RefusesImpossibleNetworks) {
  EXPECT_EQ(TopologyError("10.77.0.1/24 on v", "interface b vb 10.77.0.2/24 on v"), "ok");
  EXPECT_EQ(TopologyError("10.77.0.1/24 on v", "interface b vb 10.77.0.1/24 on v"),
            "t:4: address 10.77.0.1 is that of interface va of host a already; give it another");
  EXPECT_EQ(TopologyError("10.77.0.1/24 on v", "interface b vb 10.77.1.1/16 on w"),
            "t:4: the network of address 10.77.1.1/16 overlaps that of 10.77.0.1/24 on segment v; "
            "segments have networks of their own");
  EXPECT_EQ(TopologyError("10.77.0.1/24 on v", "interface b vb 10.78.0.1/24 on v"),
            "t:4: address 10.78.0.1/24 is of another network than 10.77.0.1/24 on segment v, which "
            "has one for each protocol");
  EXPECT_EQ(TopologyError("10.77.0.1/24 on v", "interface a va 10.78.0.1/24 on w"),
            "t:4: host a has an interface \"va\" already; choose another name");
  EXPECT_EQ(TopologyError("10.77.0.1/24 on v", "host A"),
            "t:4: there is a host \"a\" already; choose another name");
  EXPECT_EQ(TopologyError("10.77.0.1/24 on v", "interface c vc 10.77.0.3/24 on v"),
            "t:4: there is no host \"c\"; declare it before: host NAME");
  EXPECT_EQ(TopologyError("10.77.0.1/24 on v", "route a default 10.78.0.2 by va"),
            "t:4: gateway 10.78.0.2 is no neighbour on interface va of host a");
  EXPECT_EQ(TopologyError("10.77.0.1/24 on v", "route a default 10.77.0.2 by lo"),
            "t:4: host a has no interface \"lo\" for a route; declare it before");
  for (const char* address :
       {"10.77.0.0/24", "10.77.0.255/24", "127.0.0.1/8", "239.1.2.3/24", "fe80::1/64", "fd77::/64",
        "10.77.0.1", "10.77.0.1/31", "10.77.0.1/0", "10.77.0.1/+24", "::ffff:10.0.0.1/100",
        "fd77::1%2/64", "/24", "x/24"}) {
    EXPECT_TRUE(absl::StartsWith(TopologyError(absl::StrCat(address, " on v"), ""),
                                 absl::StrCat("t:3: \"", address, "\" is no address of an")))
        << TopologyError(absl::StrCat(address, " on v"), "");
  }
}

TEST(Parse, HasLimits) {
  std::string hosts;
  for (int i = 0; i < 17; ++i) absl::StrAppend(&hosts, "host h", i, "\n");
  EXPECT_EQ(Program::Parse(hosts, "t").status().message(), "t:17: more than 16 hosts");
  std::string calls = "host a\nsocket s a ipv4\n";
  for (int i = 0; i < 100000; ++i) calls += "local s\n";
  EXPECT_EQ(Program::Parse(calls, "t").status().message(), "t:100002: more than 100000 calls");
}

TEST(Program, PrintsWhatItReads) {
  const std::string text =
      "host a\n"
      "interface a va 10.77.0.1/24 fd77::1/64 on v\n"
      "route a default 10.77.0.2 by va\n"
      "\n"
      "socket s a ipv6 uid 7\n"
      "set s BoundInterface va\n"
      "set s BoundInterface 9\n"
      "send s [fe80::1%va]:9 \"a\\000b\"\n"
      "send s size 100\n"
      "join s ff02::1%lo va from fd77::2\n"
      "shutdown s read\n"
      "advance 1m30.000000001s\n"
      "close s\n";
  const absl::StatusOr<Program> program = Program::Parse(text, "t");
  ASSERT_TRUE(program.ok()) << program.status();
  EXPECT_EQ(program->ToString(), text);
}

TEST(Program, RandomOnesSurviveTheRoundTrip) {
  for (uint64_t seed = 0; seed < 500; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    const Program program = RandomProgram(seed);
    const std::string text = program.ToString();
    const absl::StatusOr<Program> again = Program::Parse(text, "random");
    ASSERT_TRUE(again.ok()) << again.status() << "\n" << text;
    ExpectSame(program, *again);
    ASSERT_EQ(again->ToString(), text);
    if (testing::Test::HasFailure()) break;
  }
}

TEST(Program, LinkLocalAddressesAreMadeOfTheFirst) {
  EXPECT_EQ(LinkLocalOf(LabTopology()[0].interfaces[0]).ToString(), "fe80::aff:fe4d:1");
  EXPECT_FALSE(LinkLocalOf({"x", "y", {"10.0.0.1/24"}}).is_set());
}

}  // namespace
}  // namespace pollux::program
