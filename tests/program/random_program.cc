// SPDX-License-Identifier: Apache-2.0

#include "tests/program/random_program.h"

#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "udp/internal/check.h"

namespace pollux::program {
namespace {

class Generator {
 public:
  explicit Generator(uint64_t seed) : state_(seed * 2 + 1) {}

  Program Make() {
    Program program;
    program.hosts = LabTopology();
    if (Below(4) == 0) program.hosts[1].default_routes.clear();
    const uint32_t sockets = 1 + Below(5);
    for (uint32_t i = 0; i < sockets; ++i) AddSocket(program);
    const uint32_t calls = Below(40);
    for (uint32_t i = 0; i < calls; ++i) program.calls.push_back(RandomCall(program));
    return program;
  }

 private:
  struct Known {
    std::string name;
    std::string host;
    AddressFamily family = AddressFamily::kIpv4;
  };

  // splitmix64.
  uint32_t Below(uint32_t bound) {
    state_ += 0x9e3779b97f4a7c15u;
    uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return static_cast<uint32_t>((z ^ (z >> 31)) % bound);
  }

  template <size_t kSize>
  absl::string_view OneOf(const absl::string_view (&words)[kSize]) {
    return words[Below(kSize)];
  }

  void AddSocket(Program& program) {
    constexpr AddressFamily kFamilies[] = {AddressFamily::kIpv4, AddressFamily::kIpv6,
                                           AddressFamily::kDual};
    constexpr uint32_t kUsers[] = {0, 0, 1000, 2147483647};
    Call call;
    call.verb = Verb::kSocket;
    call.socket = absl::StrCat("s", known_.size());
    call.host = program.hosts[Below(2)].name;
    call.family = kFamilies[Below(3)];
    call.uid = kUsers[Below(4)];
    known_.push_back({call.socket, call.host, call.family});
    program.calls.push_back(call);
  }

  Call RandomCall(const Program& program) {
    const Known& socket = known_[Below(static_cast<uint32_t>(known_.size()))];
    const HostSpec& host = *FindHost(program.hosts, socket.host);
    Call call;
    do {
      call.verb = kAllVerbs[Below(std::size(kAllVerbs))];
    } while (call.verb == Verb::kSocket || call.verb == Verb::kClose);
    if (call.verb == Verb::kAdvance) {
      call.duration = absl::Nanoseconds(1) * (uint64_t{Below(1u << 31)} << Below(15));
      return call;
    }
    call.socket = socket.name;
    dual_ = socket.family == AddressFamily::kDual;
    Fill(host, call);
    return call;
  }

  void Fill(const HostSpec& host, Call& call) {
    switch (call.verb) {
      case Verb::kSet:
        call.value = Value();
        call.option = kAllSocketOptions[Below(std::size(kAllSocketOptions))];
        return;
      case Verb::kGet:
        call.option = kAllSocketOptions[Below(std::size(kAllSocketOptions))];
        return;
      case Verb::kBind:
      case Verb::kConnect:
        call.endpoint = SomeEndpoint();
        return;
      case Verb::kSend:
        if (Below(2) == 0) call.endpoint = SomeEndpoint();
        call.payload = Payload();
        return;
      case Verb::kReceive:
        if (Below(2) == 0) call.size = Below(kSizeMax + 1);
        return;
      case Verb::kJoin:
      case Verb::kLeave:
        call.group = Address();
        call.interface = Interface(host);
        if (Below(2) == 0) call.source = Address();
        return;
      case Verb::kOutgoing:
        call.interface = Interface(host);
        return;
      case Verb::kShutdown:
        call.how = static_cast<ShutdownHow>(Below(3));
        return;
      default:
        return;
    }
  }

  std::string Interface(const HostSpec& host) {
    const uint32_t number = Below(4);
    return number == 0 ? "" : InterfaceName(host, number);
  }

  int Value() {
    constexpr int kValues[] = {0, 1, 2, 3, 9, 64, 255, 256, 2304, 100000, -1, 2147483647};
    return kValues[Below(std::size(kValues))];
  }

  IpAddress Address() {
    constexpr absl::string_view kAddresses[] = {"0.0.0.0",
                                                "10.77.0.1",
                                                "10.77.0.2",
                                                "10.77.0.255",
                                                "127.0.0.1",
                                                "255.255.255.255",
                                                "224.0.0.1",
                                                "239.1.2.3",
                                                "10.99.0.1",
                                                "::",
                                                "::1",
                                                "fd77::1",
                                                "fd77::2",
                                                "fe80::9%2",
                                                "fe80::9",
                                                "ff02::1%3",
                                                "::ffff:10.0.0.1",
                                                "ff0e::5",
                                                "ff02::1",
                                                "fe80::aff:fe4d:1%2",
                                                "ff02::1%9"};
    const absl::StatusOr<IpAddress> address = IpAddress::Parse(OneOf(kAddresses));
    POLLUX_CHECK(address.ok(), "not an address");
    return *address;
  }

  Endpoint SomeEndpoint() {
    constexpr uint16_t kPorts[] = {0, 9, 5000, 5000, 5001, 65535};
    const IpAddress address = dual_ && Below(6) == 0 ? IpAddress::Any() : Address();
    return Endpoint(address, kPorts[Below(std::size(kPorts))]);
  }

  std::string Payload() {
    constexpr uint32_t kSizes[] = {0, 1, 33, 1472, 1473, 65507, 65508, 70000};
    if (Below(2) == 0) return PatternPayload(kSizes[Below(std::size(kSizes))]);
    std::string bytes(Below(80), '\0');
    for (char& byte : bytes) byte = static_cast<char>(Below(256));
    return bytes;
  }

  uint64_t state_;
  bool dual_ = false;  // Whether the call is on a dual-stack socket: only there is Any() a value.
  std::vector<Known> known_;
};

}  // namespace

Program RandomProgram(uint64_t seed) { return Generator(seed).Make(); }

}  // namespace pollux::program
