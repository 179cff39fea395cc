// SPDX-License-Identifier: Apache-2.0

#include "tests/differential/generator.h"

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "sim/choice/random.h"
#include "udp/internal/check.h"

namespace pollux::differential {
namespace {

using program::Call;
using program::HostSpec;
using program::Program;
using program::ShutdownHow;
using program::Verb;

// What a program may do. Each is on in about half of all programs.
enum Feature {
  kReuse,
  kGroups,
  kSources,
  kBroadcasts,
  kIpv6,
  kDual,
  kConnects,
  kDisconnects,
  kErrors,
  kSizes,
  kBuffers,
  kShutdowns,
  kUsers,
  kDevices,
  kOddBinds,
  kLinkLocal,
  kSecondHost,
  kCloses,
  kStrangers,
  kOptions,
  kFeatures,
};

struct OpenSocket {
  std::string name;
  const HostSpec* host;
  AddressFamily family;
};

IpAddress At(absl::string_view text) {
  const absl::StatusOr<IpAddress> address = IpAddress::Parse(text);
  POLLUX_CHECK(address.ok(), "the generator's own address is no address");
  return *address;
}

class Generator {
 public:
  Generator(uint64_t seed, uint16_t first_port, const GeneratorOptions& options)
      : random_(seed), first_port_(first_port) {
    program_.hosts = program::LabTopology();
    for (bool& feature : features_) feature = random_.Below(2) == 0;
    if (!options.users) features_[kUsers] = false;
    if (!options.strangers) features_[kStrangers] = false;
    if (options.common) {
      for (const Feature feature : {kSources, kShutdowns, kUsers, kDevices, kOddBinds, kOptions}) {
        features_[feature] = false;
      }
    }
    opens_on_second_host_ = options.second_host;
    ports_ = 1 + random_.Below(3);
  }

  Program Make() {
    const size_t calls = 4 + random_.Below(28);
    AddSocket();
    while (program_.calls.size() < calls) AddCall();
    for (const OpenSocket& socket : sockets_) LookAt(socket);
    return std::move(program_);
  }

 private:
  using Addresses = std::vector<IpAddress>;

  bool Has(Feature feature) const { return features_[feature]; }
  bool Chance(uint64_t of, uint64_t in) { return random_.Below(in) < of; }
  template <typename T>
  T Pick(std::initializer_list<T> from) {
    return *(from.begin() + random_.Below(from.size()));
  }
  template <typename T>
  const T& Pick(const std::vector<T>& from) {
    return from[random_.Below(from.size())];
  }

  Call& Add(Verb verb, const OpenSocket& socket) {
    Call& call = program_.calls.emplace_back();
    call.verb = verb;
    call.socket = socket.name;
    return call;
  }

  void AddSocket();
  void AddCall();
  void AddOption(const OpenSocket& socket);
  void AddReuse(const OpenSocket& socket);
  void AddBind(const OpenSocket& socket);
  void AddConnect(const OpenSocket& socket);
  void AddSend(const OpenSocket& socket);
  void AddReceive(const OpenSocket& socket);
  void AddMembership(const OpenSocket& socket);
  void AddShutdown(const OpenSocket& socket);
  void Close(size_t index);
  void LookAt(const OpenSocket& socket);

  AddressFamily PickFamily();
  // Whether the next address of a socket is to be IPv4.
  bool SpeaksIpv4(const OpenSocket& socket);
  uint16_t Port();
  std::string Interface(const OpenSocket& socket);
  IpAddress Scoped(const OpenSocket& socket, const IpAddress& address);
  IpAddress Own(const OpenSocket& socket, bool ipv4);
  IpAddress Group(bool ipv4);
  IpAddress ToBind(const OpenSocket& socket);
  IpAddress ToReach(const OpenSocket& socket);
  bool IsFirst(const OpenSocket& socket) const { return socket.host == &program_.hosts[0]; }

  sim::Random random_;
  const uint16_t first_port_;
  bool features_[kFeatures] = {};
  bool opens_on_second_host_ = true;
  uint64_t ports_ = 1;
  size_t opened_ = 0;
  Program program_;
  std::vector<OpenSocket> sockets_;
};

AddressFamily Generator::PickFamily() {
  if (Has(kDual) && Chance(1, 2)) return AddressFamily::kDual;
  if (Has(kIpv6) && Chance(1, 2)) return AddressFamily::kIpv6;
  return AddressFamily::kIpv4;
}

void Generator::AddSocket() {
  const bool second = Has(kSecondHost) && Chance(1, 3) && opens_on_second_host_;
  const OpenSocket socket = {absl::StrCat("s", ++opened_), &program_.hosts[second ? 1 : 0],
                             PickFamily()};
  Call& call = Add(Verb::kSocket, socket);
  call.host = socket.host->name;
  call.family = socket.family;
  if (Has(kUsers)) call.uid = Pick<uint32_t>({0, 1000, 1000, 1001});
  sockets_.push_back(socket);
  if (Has(kReuse)) AddReuse(socket);
  if (Has(kDevices) && Chance(1, 4)) {
    Call& bound = Add(Verb::kSet, socket);
    bound.option = SocketOption::kBoundInterface;
    bound.value = Pick({1, 2, 2, 3, 3});
  }
  if (Chance(3, 4)) AddBind(socket);
}

bool Generator::SpeaksIpv4(const OpenSocket& socket) {
  // Now and then one that the socket does not speak.
  if (Has(kOddBinds) && Chance(1, 20)) return socket.family == AddressFamily::kIpv6;
  if (socket.family == AddressFamily::kDual) return Chance(1, 2);
  return socket.family == AddressFamily::kIpv4;
}

uint16_t Generator::Port() { return static_cast<uint16_t>(first_port_ + random_.Below(ports_)); }

std::string Generator::Interface(const OpenSocket& socket) {
  if (Chance(1, 8)) return "lo";
  return socket.host->interfaces[Chance(2, 3) ? 0 : 1].name;
}

IpAddress Generator::Scoped(const OpenSocket& socket, const IpAddress& address) {
  if (!address.needs_scope() || !address.is_ipv6() || Chance(1, 10)) return address;
  return address.WithScope(InterfaceNumber(*socket.host, Interface(socket)));
}

IpAddress Generator::Own(const OpenSocket& socket, bool ipv4) {
  const bool a = IsFirst(socket);
  if (ipv4) {
    if (Chance(1, 6)) return IpAddress::LoopbackIpv4();
    if (a && Chance(1, 6)) return At("10.77.0.11");
    return At(Chance(2, 3) ? (a ? "10.77.0.1" : "10.77.0.2") : (a ? "10.78.0.1" : "10.78.0.2"));
  }
  if (Chance(1, 6)) return IpAddress::LoopbackIpv6();
  if (Has(kLinkLocal) && Chance(1, 3)) {
    return Scoped(socket, LinkLocalOf(socket.host->interfaces[Chance(2, 3) ? 0 : 1]));
  }
  return At(Chance(2, 3) ? (a ? "fd77::1" : "fd77::2") : (a ? "fd78::1" : "fd78::2"));
}

IpAddress Generator::Group(bool ipv4) {
  if (ipv4) return At(Chance(2, 3) ? "239.255.43.21" : "239.255.43.22");
  if (Has(kLinkLocal) && Chance(1, 3)) return At("ff02::4321");
  return At(Chance(2, 3) ? "ff15::4321" : "ff15::4322");
}

IpAddress Generator::ToBind(const OpenSocket& socket) {
  if (socket.family == AddressFamily::kDual && Chance(1, 4)) return IpAddress::Any();
  const bool ipv4 = SpeaksIpv4(socket);
  if (Chance(1, 3)) return ipv4 ? IpAddress::AnyIpv4() : IpAddress::AnyIpv6();
  if (Has(kGroups) && Chance(1, 5)) return Scoped(socket, Group(ipv4));
  if (Has(kBroadcasts) && ipv4 && Chance(1, 4)) {
    return At(Chance(2, 3) ? "10.77.0.255" : "255.255.255.255");
  }
  if (Has(kOddBinds) && Chance(1, 6)) {
    if (ipv4) return At(Pick({"10.77.0.99", "127.0.0.2", "127.255.255.255", "10.77.0.0"}));
    return At(Pick({"fd77::99", "ff01::4321", "ff05::4321"}));
  }
  return Own(socket, ipv4);
}

// An address that nobody has takes the real kernel as long as ten programs: so few.
IpAddress Generator::ToReach(const OpenSocket& socket) {
  const bool ipv4 = SpeaksIpv4(socket);
  if (Has(kGroups) && Chance(1, 3)) return Scoped(socket, Group(ipv4));
  if (Has(kBroadcasts) && ipv4 && Chance(1, 3)) {
    return At(
        Pick({"10.77.0.255", "10.77.0.255", "255.255.255.255", "10.78.0.255", "127.255.255.255"}));
  }
  if (Chance(1, 12)) return ipv4 ? IpAddress::AnyIpv4() : IpAddress::AnyIpv6();
  if (Has(kStrangers) && Chance(1, 50)) {
    return At(ipv4 ? Pick({"10.77.0.99", "10.78.0.99"}) : Pick({"fd77::99", "fd78::99"}));
  }
  if (Has(kErrors) && Chance(1, 12)) return At(ipv4 ? "192.0.2.1" : "2001:db8::1");
  if (Has(kSecondHost) && Chance(1, 2)) {
    const OpenSocket other = {"", &program_.hosts[IsFirst(socket) ? 1 : 0], socket.family};
    const IpAddress address = Own(other, ipv4);
    return Scoped(socket, address.WithScope(0));
  }
  return Own(socket, ipv4);
}

void Generator::AddReuse(const OpenSocket& socket) {
  const uint64_t which = random_.Below(8);
  if (which < 5) {
    Call& call = Add(Verb::kSet, socket);
    call.option = SocketOption::kReuseAddress;
    call.value = 1;
  }
  if (which >= 3 && which < 7) {
    Call& call = Add(Verb::kSet, socket);
    call.option = SocketOption::kReusePort;
    call.value = 1;
  }
}

void Generator::AddOption(const OpenSocket& socket) {
  struct Choice {
    SocketOption option;
    std::vector<int> values;
  };
  std::vector<Choice> choices = {{SocketOption::kDontFragment, {0, 1}},
                                 {SocketOption::kBroadcast, {0, 1, 1, 1}}};
  if (Has(kReuse)) {
    choices.push_back({SocketOption::kReuseAddress, {0, 1}});
    choices.push_back({SocketOption::kReusePort, {0, 1}});
  }
  if (Has(kBuffers)) {
    choices.push_back({SocketOption::kReceiveBufferSize, {0, 2000, 5000, 20000}});
    choices.push_back({SocketOption::kSendBufferSize, {0, 5000, 20000}});
  }
  choices.push_back({SocketOption::kReportUnreachable, {0, 1, 1}});
  if (Has(kDevices)) choices.push_back({SocketOption::kBoundInterface, {0, 1, 2, 2, 3, 9}});
  if (Has(kOddBinds)) choices.push_back({SocketOption::kFreeBind, {0, 1, 1}});
  if (Has(kGroups)) {
    choices.push_back({SocketOption::kMulticastAll, {0, 1}});
    choices.push_back({SocketOption::kMulticastLoopback, {0, 0, 1}});
    choices.push_back({SocketOption::kMulticastHopLimit, {0, 1, 2, -1}});
  }
  if (Has(kOptions)) {
    choices.push_back({SocketOption::kHopLimit, {1, 64, -1, 0, 256}});
    choices.push_back({SocketOption::kTypeOfService, {0, 2, 16, 255, 256}});
    choices.push_back({SocketOption::kSendBufferSize, {100000, 1 << 24}});
    choices.push_back({SocketOption::kReceiveBufferSize, {-1, 100000, 1 << 24}});
    choices.push_back({SocketOption::kMulticastAll, {0, 1, 2}});
    choices.push_back({SocketOption::kMulticastLoopback, {0, 1, 2}});
    choices.push_back({SocketOption::kMulticastHopLimit, {0, 255, -1, 256, -2}});
    choices.push_back({SocketOption::kIpv6Only, {0, 1}});
    choices.push_back({SocketOption::kExclusiveAddress, {1}});
    choices.push_back({SocketOption::kPathMtu, {1500}});
  }
  const Choice& choice = Pick(choices);
  if (Chance(1, 4)) {
    Add(Verb::kGet, socket).option = choice.option;
    return;
  }
  Call& call = Add(Verb::kSet, socket);
  call.option = choice.option;
  call.value = Pick(choice.values);
}

void Generator::AddBind(const OpenSocket& socket) {
  const IpAddress address = ToBind(socket);
  uint16_t port = Port();
  if (Chance(1, 10)) port = 0;
  if (Has(kUsers) && Chance(1, 10)) port = 700;
  Add(Verb::kBind, socket).endpoint = Endpoint(address, port);
}

void Generator::AddConnect(const OpenSocket& socket) {
  if (Has(kDisconnects) && Chance(1, 4)) {
    Add(Verb::kDisconnect, socket);
    return;
  }
  const IpAddress address = ToReach(socket);
  const uint16_t port = Chance(1, 20) ? uint16_t{0} : Port();
  Add(Verb::kConnect, socket).endpoint = Endpoint(address, port);
  if (Chance(1, 3)) Add(Chance(1, 2) ? Verb::kLocal : Verb::kPeer, socket);
}

void Generator::AddSend(const OpenSocket& socket) {
  const bool to_peer = Has(kConnects) && Chance(1, 2);
  const IpAddress address = to_peer ? IpAddress() : ToReach(socket);
  uint16_t port = to_peer ? uint16_t{0} : Port();
  if (!to_peer && Has(kErrors) && Chance(1, 6)) port = Pick<uint16_t>({0, 9, 9});
  size_t size = 1 + random_.Below(9);
  if (Has(kBuffers) && Chance(1, 2)) size = Pick<size_t>({100, 1000, 3000, 8000});
  if (Has(kSizes) && Chance(1, 3)) {
    size =
        Pick<size_t>({0, 1452, 1453, 1472, 1473, 20000, 65487, 65507, 65508, 65527, 65535, 65536});
  }
  Call& call = Add(Verb::kSend, socket);
  call.endpoint = Endpoint(address, port);
  // What is short tells which send it was.
  call.payload =
      size < 10 ? absl::StrCat("m", program_.calls.size()) : program::PatternPayload(size);
}

void Generator::AddReceive(const OpenSocket& socket) {
  switch (random_.Below(6)) {
    case 0:
      Add(Verb::kPending, socket);
      return;
    case 1:
      Add(Has(kErrors) ? Verb::kError : Verb::kReceive, socket);
      return;
    case 2:
      if (Has(kSizes)) {
        Add(Verb::kReceive, socket).size = Pick<size_t>({0, 1, 2, 1000});
        return;
      }
      break;
    default:
      break;
  }
  Add(Verb::kReceive, socket);
}

void Generator::AddMembership(const OpenSocket& socket) {
  if (Chance(1, 6)) {
    Add(Verb::kOutgoing, socket).interface = Chance(1, 5) ? "" : Interface(socket);
    return;
  }
  // Even IPv6 sockets can join IPv4 groups, which matters to dual-stack ones alone.
  const bool ipv4 = SpeaksIpv4(socket);
  const std::string interface = Chance(1, 4) ? "" : Interface(socket);
  const IpAddress group = Has(kOddBinds) && Chance(1, 20) ? Own(socket, ipv4) : Group(ipv4);
  Call& call = Add(Chance(3, 4) ? Verb::kJoin : Verb::kLeave, socket);
  call.group = group;
  call.interface = interface;
  if (Has(kSources) && Chance(1, 3)) {
    call.source = ipv4 ? At(Pick({"10.77.0.1", "10.77.0.2", "10.78.0.1", "127.0.0.1"}))
                       : At(Pick({"fd77::1", "fd77::2", "fd78::1", "::1"}));
  }
}

void Generator::AddShutdown(const OpenSocket& socket) {
  Add(Verb::kShutdown, socket).how =
      Pick({ShutdownHow::kRead, ShutdownHow::kWrite, ShutdownHow::kBoth});
}

void Generator::Close(size_t index) {
  Add(Verb::kClose, sockets_[index]);
  sockets_.erase(sockets_.begin() + static_cast<std::ptrdiff_t>(index));
}

void Generator::AddCall() {
  constexpr size_t kSocketsMax = 6;
  if (sockets_.empty() || (sockets_.size() < kSocketsMax && Chance(1, 6))) {
    AddSocket();
    return;
  }
  const size_t index = random_.Below(sockets_.size());
  const OpenSocket socket = sockets_[index];
  switch (random_.Below(16)) {
    case 0:
      AddBind(socket);
      return;
    case 1:
    case 2:
      AddOption(socket);
      return;
    case 3:
    case 4:
      if (Has(kGroups)) return AddMembership(socket);
      break;
    case 5:
    case 6:
      if (Has(kConnects)) return AddConnect(socket);
      break;
    case 7:
      if (Has(kShutdowns) && Chance(1, 2)) return AddShutdown(socket);
      break;
    case 8:
      if (Has(kCloses) && Chance(1, 2)) return Close(index);
      break;
    case 9:
    case 10:
    case 11:
      AddReceive(socket);
      return;
    default:
      break;
  }
  AddSend(socket);
}

void Generator::LookAt(const OpenSocket& socket) {
  Add(Verb::kLocal, socket);
  if (Has(kConnects)) Add(Verb::kPeer, socket);
  for (int i = 0; i < 3; ++i) Add(Verb::kReceive, socket);
  if (Has(kErrors)) Add(Verb::kError, socket);
}

}  // namespace

Program Generate(uint64_t seed, uint64_t number, const GeneratorOptions& options) {
  constexpr uint16_t kFirst = 5000;
  constexpr uint16_t kEach = 3;
  constexpr uint64_t kPrograms = 3600;  // Up to the first port that a kernel may choose.
  const uint16_t first =
      options.own_ports ? static_cast<uint16_t>(kFirst + kEach * (number % kPrograms)) : kFirst;
  return Generator(sim::MixBits(seed) + number, first, options).Make();
}

}  // namespace pollux::differential
