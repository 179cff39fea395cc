// SPDX-License-Identifier: Apache-2.0

#include "tools/program/sim_target.h"

#include <map>
#include <optional>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "sim/network.h"
#include "tools/program/answer.h"
#include "udp/platform.h"
#include "udp/socket_error.h"

namespace pollux::program {
namespace {

// "10.77.0.0/24" of "10.77.0.1/24".
std::string NetworkOf(absl::string_view cidr) {
  const size_t slash = cidr.find('/');
  const absl::StatusOr<IpAddress> address = IpAddress::Parse(cidr.substr(0, slash));
  int length = 0;
  if (slash == cidr.npos || !address.ok() || !absl::SimpleAtoi(cidr.substr(slash + 1), &length)) {
    return std::string(cidr);
  }
  IpAddress::Ipv6Bytes bytes = address->ipv6_bytes();
  const int first = address->is_ipv4() ? 96 : 0;
  for (int bit = first + length; bit < 128; ++bit) {
    bytes[bit / 8] &= static_cast<uint8_t>(~(1 << (7 - bit % 8)));
  }
  const IpAddress network = address->is_ipv4()
                                ? IpAddress::Ipv4(bytes[12], bytes[13], bytes[14], bytes[15])
                                : IpAddress::Ipv6(bytes);
  return absl::StrCat(network.ToString(), "/", length);
}

bool IsIpv6(absl::string_view text) { return text.find(':') != text.npos; }

class SimTarget final : public Target {
 public:
  SimTarget(sim::Release release, uint64_t seed)
      : release_(release), platform_(sim::PlatformOf(release)), seed_(seed) {}

  std::string name() const override { return SimTargetName(release_); }
  absl::Status Build(const std::vector<HostSpec>& hosts) override;
  Answer Do(const Call& call) override;
  // Another network of the same seed: nothing of the last program is left, not even in the clock.
  void Reset() override;

 private:
  struct OpenSocket {
    const HostSpec* host = nullptr;
    sim::UdpStack* kernel = nullptr;
    sim::SocketId id = 0;
  };

  absl::Status MakeNetwork();
  absl::Status AddSegments();
  absl::Status Attach(const InterfaceSpec& interface, sim::Host& host);

  Answer Open(const Call& call);
  Answer DoOn(OpenSocket& socket, const Call& call);
  Answer Send(const OpenSocket& socket, const Call& call);
  Answer Receive(const OpenSocket& socket, size_t size);
  Answer Membership(const OpenSocket& socket, const Call& call);
  Answer Shutdown(const OpenSocket& socket, ShutdownHow how);

  Answer Failed(OsError error) const { return OsErrorName(platform_, error); }
  Answer Plain(const sim::Outcome<>& outcome) const {
    return outcome.ok() ? kOk : Failed(outcome.error());
  }

  const sim::Release release_;
  const Platform platform_;
  const uint64_t seed_;
  std::vector<HostSpec> specs_;
  std::unique_ptr<sim::Network> network_;
  std::map<std::string, sim::Segment*> segments_;
  std::map<std::string, OpenSocket> sockets_;
  std::optional<AnswerWriter> writer_;
};

absl::Status SimTarget::Build(const std::vector<HostSpec>& hosts) {
  specs_ = hosts;
  writer_.emplace(hosts);
  return MakeNetwork();
}

void SimTarget::Reset() {
  writer_->Reset();
  // The same network was made before, so it can be made again.
  MakeNetwork().IgnoreError();
}

absl::Status SimTarget::MakeNetwork() {
  sockets_.clear();
  segments_.clear();
  network_ = std::make_unique<sim::Network>(sim::NetworkOptions{.seed = seed_});
  if (absl::Status status = AddSegments(); !status.ok()) return status;
  for (const HostSpec& spec : specs_) {
    if (absl::Status status = network_->ValidateHost(spec.name); !status.ok()) return status;
    // Programs say themselves where groups go: by a default route, or per socket.
    sim::Host& host =
        network_->AddHost(spec.name, {.rules = sim::RulesFor(release_), .group_routes = false});
    for (const InterfaceSpec& interface : spec.interfaces) {
      if (absl::Status status = Attach(interface, host); !status.ok()) return status;
    }
    for (const RouteSpec& route : spec.default_routes) {
      const IpAddress any = route.gateway.is_ipv4() ? IpAddress::AnyIpv4() : IpAddress::AnyIpv6();
      host.kernel().AddRoute({any, 0, route.gateway, InterfaceNumber(spec, route.interface)});
    }
  }
  return absl::OkStatus();
}

absl::Status SimTarget::AddSegments() {
  std::vector<std::pair<std::string, sim::SegmentOptions>> segments;  // In the order of use.
  for (const HostSpec& host : specs_) {
    for (const InterfaceSpec& interface : host.interfaces) {
      size_t at = 0;
      while (at < segments.size() && segments[at].first != interface.segment) ++at;
      if (at == segments.size()) segments.emplace_back(interface.segment, sim::SegmentOptions());
      sim::SegmentOptions& options = segments[at].second;
      for (const std::string& address : interface.addresses) {
        (IsIpv6(address) ? options.ipv6 : options.ipv4) = NetworkOf(address);
      }
    }
  }
  for (const auto& [name, options] : segments) {
    if (absl::Status status = network_->ValidateSegment(name, options); !status.ok()) {
      return status;
    }
    segments_[name] = &network_->AddSegment(name, options);
  }
  return absl::OkStatus();
}

absl::Status SimTarget::Attach(const InterfaceSpec& interface, sim::Host& host) {
  sim::Segment& segment = *segments_[interface.segment];
  sim::AttachOptions options{.name = interface.name, .addresses = {}};
  for (const std::string& address : interface.addresses) {
    options.addresses.push_back(address.substr(0, address.find('/')));
  }
  if (absl::Status status = segment.ValidateAttach(host, options); !status.ok()) return status;
  const NetworkInterface attached = segment.Attach(host, options);
  size_t given = 0;
  for (const InterfaceAddress& entry : attached.addresses) {
    if (!entry.address.is_link_local()) ++given;
  }
  if (given == options.addresses.size()) return absl::OkStatus();
  return absl::UnimplementedError(
      absl::StrCat("interface ", interface.name, " of host ", host.name(),
                   " lacks an address of a protocol that segment ", interface.segment,
                   " has; simulated interfaces have one of each"));
}

Answer SimTarget::Do(const Call& call) {
  writer_->Note(call);
  Answer answer;
  if (call.verb == Verb::kAdvance) {
    network_->RunFor(call.duration);
    answer = kOk;
  } else if (call.verb == Verb::kSocket) {
    answer = Open(call);
  } else {
    const auto found = sockets_.find(call.socket);
    answer = found == sockets_.end() ? Failed(OsError::kBadDescriptor) : DoOn(found->second, call);
    if (found != sockets_.end() && call.verb == Verb::kClose) sockets_.erase(found);
  }
  // Links take no time, so that this lasts only where the kernel itself is patient: an address that
  // nobody has.
  network_->RunUntil([] { return false; }, absl::InfiniteDuration());
  return answer;
}

Answer SimTarget::Open(const Call& call) {
  sim::Host* host = network_->FindHost(call.host);
  if (host == nullptr) return Failed(OsError::kInvalidArgument);
  // Only a program that no parser read can use a name twice.
  if (const auto known = sockets_.find(call.socket); known != sockets_.end()) {
    known->second.kernel->Close(known->second.id);
    sockets_.erase(known);
  }
  sim::Outcome<sim::SocketId> id = host->kernel().Socket(call.family, call.uid);
  if (!id.ok()) return Failed(id.error());
  sockets_[call.socket] = {FindHost(specs_, call.host), &host->kernel(), *id};
  return kOk;
}

Answer SimTarget::DoOn(OpenSocket& socket, const Call& call) {
  sim::UdpStack& kernel = *socket.kernel;
  const sim::SocketId id = socket.id;
  const std::string& host = socket.host->name;
  switch (call.verb) {
    case Verb::kSet:
      return Plain(kernel.SetOption(id, call.option, call.value));
    case Verb::kGet: {
      const sim::Outcome<int> value = kernel.GetOption(id, call.option);
      return value.ok() ? writer_->OptionValue(host, call.option, *value) : Failed(value.error());
    }
    case Verb::kBind:
      return Plain(kernel.Bind(id, call.endpoint));
    case Verb::kConnect:
      return Plain(kernel.Connect(id, call.endpoint));
    case Verb::kDisconnect:
      return Plain(kernel.Disconnect(id));
    case Verb::kSend:
      return Send(socket, call);
    case Verb::kReceive:
      return Receive(socket, call.size);
    case Verb::kPending: {
      const std::optional<size_t> size = kernel.PendingDatagramSize(id);
      return size ? absl::StrCat(*size) : kNothing;
    }
    case Verb::kJoin:
    case Verb::kLeave:
      return Membership(socket, call);
    case Verb::kOutgoing:
      return Plain(kernel.SetMulticastInterface(id, InterfaceNumber(*socket.host, call.interface)));
    case Verb::kShutdown:
      return Shutdown(socket, call.how);
    case Verb::kLocal:
      return writer_->Show(host, kernel.LocalEndpoint(id));
    case Verb::kPeer: {
      const std::optional<Endpoint> peer = kernel.PeerEndpoint(id);
      return peer ? writer_->Show(host, *peer) : Failed(OsError::kNotConnected);
    }
    case Verb::kError: {
      const std::optional<OsError> error = kernel.TakeSocketError(id);
      return error ? Failed(*error) : kNone;
    }
    case Verb::kClose:
      kernel.Close(id);
      return kOk;
    case Verb::kSocket:
    case Verb::kAdvance:
      break;
  }
  return Failed(OsError::kInvalidArgument);
}

Answer SimTarget::Send(const OpenSocket& socket, const Call& call) {
  SendSlot slot;
  slot.payload = call.payload;
  slot.destination = call.endpoint;
  const sim::Outcome<> outcome = socket.kernel->Send(socket.id, slot);
  return outcome.ok() ? absl::StrCat(call.payload.size()) : Failed(outcome.error());
}

Answer SimTarget::Receive(const OpenSocket& socket, size_t size) {
  std::string buffer(size, '\0');
  ReceiveSlot slot;
  slot.buffer = absl::MakeSpan(buffer.data(), buffer.size());
  const sim::Outcome<bool> outcome = socket.kernel->Receive(socket.id, slot);
  if (!outcome.ok()) return Failed(outcome.error());
  if (!*outcome) return kNothing;
  if (!slot.info.source.is_set()) return kEnd;
  return writer_->Received(socket.host->name, absl::string_view(buffer).substr(0, slot.size),
                           slot.info.source, slot.info.truncated);
}

Answer SimTarget::Membership(const OpenSocket& socket, const Call& call) {
  const GroupMembership membership{call.group, InterfaceNumber(*socket.host, call.interface),
                                   call.source};
  return Plain(call.verb == Verb::kJoin ? socket.kernel->Join(socket.id, membership)
                                        : socket.kernel->Leave(socket.id, membership));
}

Answer SimTarget::Shutdown(const OpenSocket& socket, ShutdownHow how) {
  switch (how) {
    case ShutdownHow::kRead:
      return Plain(socket.kernel->Shutdown(socket.id, sim::ShutdownHow::kRead));
    case ShutdownHow::kWrite:
      return Plain(socket.kernel->Shutdown(socket.id, sim::ShutdownHow::kWrite));
    case ShutdownHow::kBoth:
      return Plain(socket.kernel->Shutdown(socket.id, sim::ShutdownHow::kBoth));
  }
  return Failed(OsError::kInvalidArgument);
}

}  // namespace

std::string SimTargetName(sim::Release release) {
  return absl::StrCat("sim:", sim::ToString(release));
}

std::unique_ptr<Target> NewSimTarget(sim::Release release, uint64_t seed) {
  return std::make_unique<SimTarget>(release, seed);
}

}  // namespace pollux::program
