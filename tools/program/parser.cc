// SPDX-License-Identifier: Apache-2.0
//
// Reading the text of a program: one line, one declaration or call.

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tools/program/program.h"
#include "tools/program/topology.h"
#include "tools/program/words.h"

namespace pollux::program {
namespace {

constexpr size_t kCallsMax = 100'000;
constexpr absl::Duration kLongestAdvance = absl::Hours(24);
constexpr char kHostUsage[] = "host NAME";
constexpr char kInterfaceUsage[] = "interface HOST NAME ADDRESS... on SEGMENT";
constexpr char kRouteUsage[] = "route HOST default GATEWAY by INTERFACE";

absl::string_view UsageOf(Verb verb) {
  switch (verb) {
    case Verb::kSocket:
      return "socket NAME HOST ipv4|ipv6|dual [uid UID]";
    case Verb::kSet:
      return "set NAME OPTION VALUE";
    case Verb::kGet:
      return "get NAME OPTION";
    case Verb::kBind:
      return "bind NAME ENDPOINT";
    case Verb::kConnect:
      return "connect NAME ENDPOINT";
    case Verb::kDisconnect:
      return "disconnect NAME";
    case Verb::kSend:
      return "send NAME [ENDPOINT] \"PAYLOAD\", or send NAME [ENDPOINT] size N";
    case Verb::kReceive:
      return "receive NAME [SIZE]";
    case Verb::kPending:
      return "pending NAME";
    case Verb::kJoin:
      return "join NAME GROUP [INTERFACE] [from SOURCE]";
    case Verb::kLeave:
      return "leave NAME GROUP [INTERFACE] [from SOURCE]";
    case Verb::kOutgoing:
      return "outgoing NAME INTERFACE|none";
    case Verb::kShutdown:
      return "shutdown NAME read|write|both";
    case Verb::kLocal:
      return "local NAME";
    case Verb::kPeer:
      return "peer NAME";
    case Verb::kError:
      return "error NAME";
    case Verb::kClose:
      return "close NAME";
    case Verb::kAdvance:
      return "advance DURATION";
  }
  return "";
}

class Parser {
 public:
  absl::StatusOr<Program> Parse(absl::string_view text, absl::string_view file);

 private:
  // What is known of a declared socket.
  struct SocketFacts {
    std::string host;
    AddressFamily family = AddressFamily::kIpv4;
    int declared = 0;
    int closed = 0;  // The line that closed it, 0 while it is open.
  };

  void ParseLine(Line& line);
  void ParseDeclaration(Line& line, absl::string_view keyword);
  void ParseInterface(Line& line);
  void ParseCall(Line& line, Verb verb);
  void ParseArguments(Line& line, Call& call);
  void ParseSocket(Line& line, Call& call);
  void ParseSet(Line& line, Call& call);
  void ParseSend(Line& line, Call& call);
  void ParseMembership(Line& line, Call& call);

  void TakeSocket(Line& line, Call& call);
  SocketOption TakeOption(Line& line);
  Endpoint TakeEndpoint(Line& line);
  IpAddress TakeAddress(Line& line, absl::string_view what);
  std::string TakeInterface(Line& line);
  absl::Duration TakeDuration(Line& line);
  std::string NumberScope(Line& line, const std::string& text) const;

  Topology topology_;
  std::vector<Call> calls_;
  std::map<std::string, SocketFacts> sockets_;
  // Of the socket that the line is about.
  const HostSpec* host_ = nullptr;
  AddressFamily family_ = AddressFamily::kIpv4;
  int number_ = 0;  // Of the line.
};

absl::StatusOr<Program> Parser::Parse(absl::string_view text, absl::string_view file) {
  for (absl::string_view words : absl::StrSplit(text, '\n')) {
    ++number_;
    Line line(words);
    ParseLine(line);
    if (!line.failed()) continue;
    return absl::InvalidArgumentError(absl::StrCat(file, ":", number_, ": ", line.error()));
  }
  return Program{topology_.hosts(), std::move(calls_)};
}

void Parser::ParseLine(Line& line) {
  if (line.AtEnd()) return;
  host_ = nullptr;
  line.SetUsage("a declaration (host, interface, route), or a call such as: bind NAME ENDPOINT");
  const std::string keyword = line.Take("a declaration or a call");
  if (line.failed()) return;
  if (keyword == "host" || keyword == "interface" || keyword == "route") {
    if (calls_.empty()) return ParseDeclaration(line, keyword);
    line.Fail(Quote(keyword), " stands behind the first call, in line ", calls_.front().line,
              "; declare hosts, interfaces and routes before");
    return;
  }
  for (const Verb verb : kAllVerbs) {
    if (ToString(verb) == keyword) return ParseCall(line, verb);
  }
  std::string verbs;
  for (const Verb verb : kAllVerbs) absl::StrAppend(&verbs, ", ", ToString(verb));
  line.Fail(Quote(keyword), " is neither a declaration nor a call; a line begins with one of ",
            "host, interface, route", verbs);
}

void Parser::ParseDeclaration(Line& line, absl::string_view keyword) {
  if (keyword == "interface") return ParseInterface(line);
  absl::Status status;
  if (keyword == "host") {
    line.SetUsage(kHostUsage);
    const std::string name = line.Take("a name");
    line.End();
    if (!line.failed()) status = topology_.AddHost(name);
  } else {
    line.SetUsage(kRouteUsage);
    const std::string host = line.Take("a host");
    line.Expect("default");
    const std::string gateway = line.Take("a gateway");
    line.Expect("by");
    const std::string interface = line.Take("an interface");
    line.End();
    if (!line.failed()) status = topology_.AddDefaultRoute(host, gateway, interface);
  }
  if (!status.ok()) line.Fail(status.message());
}

void Parser::ParseInterface(Line& line) {
  line.SetUsage(kInterfaceUsage);
  const std::string host = line.Take("a host");
  const std::string name = line.Take("a name");
  std::vector<std::string> addresses;
  while (!line.AtEnd() && !line.NextIs("on")) addresses.push_back(line.Take("an address"));
  line.Expect("on");
  const std::string segment = line.Take("a segment");
  line.End();
  if (line.failed()) return;
  const absl::Status status = topology_.AddInterface(host, name, addresses, segment);
  if (!status.ok()) line.Fail(status.message());
}

void Parser::ParseCall(Line& line, Verb verb) {
  line.SetUsage(UsageOf(verb));
  Call call;
  call.verb = verb;
  call.line = number_;
  if (verb == Verb::kAdvance) {
    call.duration = TakeDuration(line);
  } else if (verb == Verb::kSocket) {
    ParseSocket(line, call);
  } else {
    TakeSocket(line, call);
    ParseArguments(line, call);
  }
  line.End();
  if (calls_.size() == kCallsMax) line.Fail("more than ", kCallsMax, " calls");
  if (line.failed()) return;
  if (verb == Verb::kSocket) sockets_[call.socket] = {call.host, call.family, number_, 0};
  if (verb == Verb::kClose) sockets_[call.socket].closed = number_;
  calls_.push_back(std::move(call));
}

void Parser::ParseArguments(Line& line, Call& call) {
  switch (call.verb) {
    case Verb::kSet:
      return ParseSet(line, call);
    case Verb::kGet:
      call.option = TakeOption(line);
      return;
    case Verb::kBind:
    case Verb::kConnect:
      call.endpoint = TakeEndpoint(line);
      return;
    case Verb::kSend:
      return ParseSend(line, call);
    case Verb::kReceive:
      if (line.AtEnd()) return;
      call.size = static_cast<size_t>(line.TakeNumber("the size of a buffer", 0, kSizeMax));
      return;
    case Verb::kJoin:
    case Verb::kLeave:
      return ParseMembership(line, call);
    case Verb::kOutgoing:
      if (!line.TakeIf("none")) call.interface = TakeInterface(line);
      return;
    case Verb::kShutdown: {
      const std::string how = line.Take("read, write or both");
      call.how = how == "read"    ? ShutdownHow::kRead
                 : how == "write" ? ShutdownHow::kWrite
                                  : ShutdownHow::kBoth;
      if (how != "read" && how != "write" && how != "both") {
        line.Fail(Quote(how), " is none of read, write and both");
      }
      return;
    }
    default:
      return;
  }
}

void Parser::ParseSocket(Line& line, Call& call) {
  call.socket = line.Take("a name for the socket");
  call.host = line.Take("a host");
  const std::string family = line.Take("ipv4, ipv6 or dual");
  if (line.TakeIf("uid")) {
    call.uid =
        static_cast<uint32_t>(line.TakeNumber("a user", 0, std::numeric_limits<int32_t>::max()));
  }
  if (line.failed()) return;
  if (const absl::Status status = CheckName(call.socket); !status.ok()) {
    line.Fail(status.message());
  }
  if (const auto known = sockets_.find(call.socket); known != sockets_.end()) {
    line.Fail("there is a socket ", Quote(call.socket), " already, since line ",
              known->second.declared, "; choose another name");
  }
  if (FindHost(topology_.hosts(), call.host) == nullptr) {
    line.Fail("there is no host ", Quote(call.host), "; declare it before: ", kHostUsage);
  }
  if (family == "ipv4") {
    call.family = AddressFamily::kIpv4;
  } else if (family == "ipv6") {
    call.family = AddressFamily::kIpv6;
  } else if (family == "dual") {
    call.family = AddressFamily::kDual;
  } else {
    line.Fail(Quote(family), " is none of ipv4, ipv6 and dual");
  }
}

void Parser::ParseSet(Line& line, Call& call) {
  call.option = TakeOption(line);
  if (call.option == SocketOption::kBoundInterface && host_ != nullptr && !line.AtEnd()) {
    if (line.TakeIf("none")) return;
    for (uint32_t number = 1; number < host_->interfaces.size() + 2; ++number) {
      if (!line.TakeIf(InterfaceName(*host_, number))) continue;
      call.value = static_cast<int>(number);
      return;
    }
  }
  call.value = static_cast<int>(line.TakeNumber("a value", std::numeric_limits<int32_t>::min(),
                                                std::numeric_limits<int32_t>::max()));
}

void Parser::ParseSend(Line& line, Call& call) {
  if (!line.NextIsQuoted() && !line.NextIs("size")) call.endpoint = TakeEndpoint(line);
  if (!line.TakeIf("size")) {
    call.payload = line.TakeQuoted();
    if (call.payload.size() > kSizeMax) line.Fail("a payload of more than ", kSizeMax, " bytes");
    return;
  }
  call.payload =
      PatternPayload(static_cast<size_t>(line.TakeNumber("the size of a payload", 0, kSizeMax)));
}

void Parser::ParseMembership(Line& line, Call& call) {
  call.group = TakeAddress(line, "a group");
  if (!line.AtEnd() && !line.NextIs("from")) call.interface = TakeInterface(line);
  if (line.TakeIf("from")) call.source = TakeAddress(line, "a source");
}

void Parser::TakeSocket(Line& line, Call& call) {
  call.socket = line.Take("a socket");
  if (line.failed()) return;
  const auto known = sockets_.find(call.socket);
  if (known == sockets_.end()) {
    line.Fail("there is no socket ", Quote(call.socket),
              "; make it before: ", UsageOf(Verb::kSocket));
    return;
  }
  if (known->second.closed != 0) {
    line.Fail("socket ", call.socket, " is closed since line ", known->second.closed,
              "; make another one");
  }
  host_ = FindHost(topology_.hosts(), known->second.host);
  family_ = known->second.family;
}

SocketOption Parser::TakeOption(Line& line) {
  const std::string word = line.Take("an option");
  for (const SocketOption option : kAllSocketOptions) {
    if (ToString(option) == word) return option;
  }
  std::string all;
  for (const SocketOption option : kAllSocketOptions) {
    absl::StrAppend(&all, all.empty() ? "" : ", ", ToString(option));
  }
  line.Fail(Quote(word), " is no option; the options are ", all);
  return SocketOption::kReuseAddress;
}

// Interfaces in scopes become their numbers: "[fe80::1%va]:9" becomes "[fe80::1%2]:9".
std::string Parser::NumberScope(Line& line, const std::string& text) const {
  const size_t percent = text.find('%');
  if (percent == text.npos || host_ == nullptr) return text;
  const size_t begin = percent + 1;
  const size_t end = std::min(text.find(']', begin), text.size());
  const std::string scope = text.substr(begin, end - begin);
  if (!scope.empty() && scope.find_first_not_of("0123456789") == scope.npos) return text;
  const uint32_t number = InterfaceNumber(*host_, scope);
  if (number == 0) {
    line.Fail("the scope in ", Quote(text), " is no interface of host ", host_->name);
    return text;
  }
  return absl::StrCat(text.substr(0, begin), number, text.substr(end));
}

// "*" is the wildcard of the socket's family, and `IpAddress::Any()` for dual-stack ones alone.
Endpoint Parser::TakeEndpoint(Line& line) {
  const std::string word = line.Take("an endpoint");
  if (line.failed()) return Endpoint();
  const std::string numbered = NumberScope(line, word);
  if (line.failed()) return Endpoint();
  absl::StatusOr<Endpoint> endpoint = Endpoint::Parse(numbered);
  if (endpoint.ok() && endpoint->address == IpAddress::Any()) {
    if (family_ == AddressFamily::kIpv4) endpoint->address = IpAddress::AnyIpv4();
    if (family_ == AddressFamily::kIpv6) endpoint->address = IpAddress::AnyIpv6();
  }
  if (endpoint.ok()) return *endpoint;
  line.Fail(Quote(word), " is no endpoint; write one like 10.77.0.1:5000, [fd77::1]:5000, ",
            "[fe80::1%INTERFACE]:5000 or *:5000");
  return Endpoint();
}

IpAddress Parser::TakeAddress(Line& line, absl::string_view what) {
  const std::string word = line.Take(what);
  if (line.failed()) return IpAddress();
  const std::string numbered = NumberScope(line, word);
  if (line.failed()) return IpAddress();
  const absl::StatusOr<IpAddress> address = IpAddress::Parse(numbered);
  if (address.ok()) return *address;
  line.Fail(Quote(word), " is not the address of ", what, ": ", "write one like 239.1.2.3, ",
            "fd77::1 or ff02::1%INTERFACE");
  return IpAddress();
}

std::string Parser::TakeInterface(Line& line) {
  const std::string name = line.Take("an interface");
  if (line.failed() || host_ == nullptr) return "";
  if (InterfaceNumber(*host_, name) != 0) return name;
  line.Fail("host ", host_->name, " has no interface ", Quote(name), "; it has lo",
            host_->interfaces.empty() ? "" : " and those that it is declared with");
  return "";
}

absl::Duration Parser::TakeDuration(Line& line) {
  const std::string word = line.Take("a duration");
  absl::Duration duration;
  if (line.failed()) return duration;
  if (absl::ParseDuration(word, &duration) && duration >= absl::ZeroDuration() &&
      duration <= kLongestAdvance) {
    return absl::Trunc(duration, absl::Nanoseconds(1));
  }
  line.Fail(Quote(word), " is no duration from 0s to 24h; write one like 250ms, 1.5s or 2m");
  return absl::ZeroDuration();
}

}  // namespace

absl::StatusOr<Program> Program::Parse(absl::string_view text, absl::string_view file) {
  return Parser().Parse(text, file);
}

}  // namespace pollux::program
