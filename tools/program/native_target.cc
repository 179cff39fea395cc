// SPDX-License-Identifier: Apache-2.0

#include "tools/program/native_target.h"

#include <net/if.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tools/lab/lab.h"
#include "tools/lab/netlink.h"
#include "tools/program/answer.h"
#include "tools/program/native_lab.h"
#include "tools/program/native_probe.h"
#include "tools/program/native_socket.h"
#include "udp/internal/check.h"
#include "udp/platform.h"
#include "udp/socket_error.h"

namespace pollux::program {
namespace {

std::string ErrorName(int error) {
  const OsError known = OsErrorFromNumber(Platform::kLinux, error);
  if (known == OsError::kUnknown) return absl::StrCat("errno ", error);
  return OsErrorName(Platform::kLinux, known);
}

// Makes this thread, and not the process, that user's: sockets are then its, and it has no
// privileges. The C library's functions would change every thread.
int ActAs(uint32_t uid) {
  constexpr uid_t kSame = static_cast<uid_t>(-1);
  return syscall(SYS_setresuid, kSame, static_cast<uid_t>(uid), kSame) < 0 ? -errno : 0;
}

// Acts as a user for as long as it lives.
class Actor {
 public:
  explicit Actor(uint32_t uid) : uid_(uid), error_(uid == 0 ? 0 : ActAs(uid)) {}
  Actor(const Actor&) = delete;
  Actor& operator=(const Actor&) = delete;
  ~Actor() {
    if (uid_ != 0 && error_ == 0) POLLUX_CHECK(ActAs(0) == 0, "root does not come back");
  }

  int error() const { return error_; }

 private:
  const uint32_t uid_;
  const int error_;
};

// Packets of one processor wait in one queue, those of all namespaces and cables. So the thread
// stays where it is, and what follows a datagram arrives after it.
void StayOnThisProcessor() {
  const int here = sched_getcpu();
  if (here < 0) return;
  cpu_set_t only;
  CPU_ZERO(&only);
  CPU_SET(static_cast<size_t>(here), &only);
  sched_setaffinity(0, sizeof(only), &only);
}

// An address that nobody has is asked for once and given up at the kernel's next tick, not after
// three seconds.
void AskOnce(const std::vector<InterfaceSpec>& interfaces) {
  for (const InterfaceSpec& interface : interfaces) {
    for (const char* protocol : {"ipv4", "ipv6"}) {
      const std::string folder =
          absl::StrCat("/proc/sys/net/", protocol, "/neigh/", interface.name, "/");
      std::ofstream(folder + "mcast_solicit") << 1;
      std::ofstream(folder + "retrans_time_ms") << 1;
    }
  }
}

// "10.77.0.1/24" without what follows.
absl::StatusOr<IpAddress> AddressOf(const std::string& text) {
  return IpAddress::Parse(text.substr(0, text.find('/')));
}

// Where the lab did not choose the indices.
InterfaceIndices IndicesByName(const HostSpec& host) {
  InterfaceIndices indices = {::if_nametoindex("lo")};
  for (const InterfaceSpec& interface : host.interfaces) {
    indices.push_back(::if_nametoindex(interface.name.c_str()));
  }
  return indices;
}

class NativeTarget final : public Target {
 public:
  NativeTarget(const lab::Lab& lab, NativeNetwork network) : lab_(lab), network_(network) {}

  NativeTarget(const NativeTarget&) = delete;
  NativeTarget& operator=(const NativeTarget&) = delete;
  ~NativeTarget() override { Reset(); }

  std::string name() const override { return "native"; }
  absl::Status Build(const std::vector<HostSpec>& hosts) override;
  Answer Do(const Call& call) override;
  void Reset() override;

 private:
  struct Host {
    lab::Host place;
    InterfaceIndices indices;
  };
  struct OpenSocket {
    std::unique_ptr<NativeSocket> socket;
    const HostSpec* host;
    uint32_t uid;
  };

  absl::Status OpenNetlinks();
  absl::Status OpenProbes();
  absl::Status WarmUp();
  bool Reaches(size_t from, const IpAddress& address);
  Answer Open(const Call& call);
  Answer DoOn(OpenSocket& open, const Call& call);
  Answer Exchange(OpenSocket& open, const Call& call);
  Answer ShowEndpoint(const OpenSocket& open, int result, const Endpoint& endpoint);
  void Settle();

  const lab::Lab lab_;
  const NativeNetwork network_;
  std::vector<Host> places_;  // Of the first of hosts_: those that sockets can be on.
  std::vector<HostSpec> hosts_;
  std::vector<std::unique_ptr<lab::Netlink>> netlinks_;  // Of the lab's hosts.
  std::unique_ptr<LoopbackProbe> probe_;
  std::vector<std::unique_ptr<WireProbe>> wire_probes_;
  std::optional<AnswerWriter> answers_;
  std::map<std::string, OpenSocket> sockets_;
};

void NativeTarget::Reset() {
  sockets_.clear();
  for (const std::unique_ptr<lab::Netlink>& netlink : netlinks_) {
    POLLUX_CHECK(netlink->ForgetSilentNeighbours().ok(), "the lab's neighbours cannot be listed");
  }
  if (answers_) answers_->Reset();
}

absl::Status NativeTarget::Build(const std::vector<HostSpec>& hosts) {
  const std::vector<HostSpec> lab = LabTopology();
  if (Program{hosts, {}}.ToString() != Program{lab, {}}.ToString()) {
    return absl::UnimplementedError(
        "the native target can build the two hosts of the lab only: those of a program that "
        "declares none");
  }
  Reset();
  if (probe_ != nullptr) return absl::OkStatus();
  hosts_ = hosts;
  answers_.emplace(hosts);
  if (network_ == NativeNetwork::kHostA) {
    places_ = {{lab::Host::kA, IndicesByName(hosts_[0])}};
  } else {
    places_ = {{lab::Host::kA, {1, 11, 12}}, {lab::Host::kB, {1, 21, 22}}};
    if (absl::Status s = PrepareLab(lab_); !s.ok()) return s;
    if (absl::Status s = OpenNetlinks(); !s.ok()) return s;
  }
  if (absl::Status s = OpenProbes(); !s.ok()) return s;
  return WarmUp();
}

absl::Status NativeTarget::OpenNetlinks() {
  netlinks_.clear();
  for (const Host& host : places_) {
    absl::StatusOr<std::unique_ptr<lab::Netlink>> netlink;
    absl::Status visit = lab_.RunOn(host.place, [&] { netlink = lab::Netlink::Open(); });
    if (!visit.ok()) return visit;
    if (!netlink.ok()) return netlink.status();
    netlinks_.push_back(*std::move(netlink));
  }
  return absl::OkStatus();
}

// What leaves host a alone is out of sight until its neighbour has answered.
absl::Status NativeTarget::OpenProbes() {
  auto probe = std::make_unique<LoopbackProbe>();
  bool ok = probe->ok();
  if (network_ == NativeNetwork::kHostA) {
    for (const InterfaceSpec& interface : hosts_[1].interfaces) {
      const absl::StatusOr<IpAddress> address = AddressOf(interface.addresses[0]);
      if (!address.ok()) return address.status();
      wire_probes_.push_back(std::make_unique<WireProbe>(*address));
      ok = ok && wire_probes_.back()->ok();
    }
  }
  if (!ok) return absl::InternalError("the native target cannot open its probes");
  probe_ = std::move(probe);
  return absl::OkStatus();
}

// Has the hosts learn each other's hardware addresses, so that later datagrams go at once. The
// kernel makes new addresses known when it has time, so this asks until there is an answer.
absl::Status NativeTarget::WarmUp() {
  for (size_t from = 0; from < places_.size(); ++from) {
    for (size_t i = 0; i < hosts_[from].interfaces.size(); ++i) {
      const InterfaceSpec& there = hosts_[1 - from].interfaces[i];
      // The cable's own, on either side the interface of the same number.
      std::vector<IpAddress> addresses = {
          LinkLocalOf(there).WithScope(static_cast<uint32_t>(i + 2))};
      for (const std::string& text : there.addresses) {
        const absl::StatusOr<IpAddress> address = AddressOf(text);
        if (!address.ok()) return address.status();
        addresses.push_back(*address);
      }
      for (const IpAddress& address : addresses) {
        if (!Reaches(from, address)) {
          return absl::InternalError(
              absl::StrCat("the lab's ", address.ToString(), " does not answer"));
        }
      }
    }
  }
  for (size_t i = 0; i < places_.size(); ++i) {
    absl::Status visit = lab_.RunOn(places_[i].place, [&] { AskOnce(hosts_[i].interfaces); });
    if (!visit.ok()) return visit;
  }
  return absl::OkStatus();
}

// Whether an address answers that its port is closed, within some seconds.
bool NativeTarget::Reaches(size_t from, const IpAddress& address) {
  bool answered = false;
  const absl::Time deadline = absl::Now() + absl::Seconds(10);
  absl::Status visit = lab_.RunOn(places_[from].place, [&] {
    NativeSocket socket(AddressFamily::kDual, places_[from].indices);
    socket.Connect(Endpoint(address, kProbePort));
    while (!answered && absl::Now() < deadline) {
      // A late answer fails the next send.
      const int sent = socket.Send("", Endpoint());
      // Who is not on the same kernel needs the processor for its answer.
      if (network_ == NativeNetwork::kHostA) absl::SleepFor(absl::Milliseconds(20));
      probe_->GoAndReturn();
      answered = sent == -ECONNREFUSED || socket.TakeError() == ECONNREFUSED;
      if (!answered) sched_yield();
    }
  });
  return visit.ok() && answered;
}

// A datagram, an answer to it, and room for one more of either.
void NativeTarget::Settle() {
  for (const std::unique_ptr<WireProbe>& probe : wire_probes_) probe->GoAndReturn();
  constexpr int kGenerations = 3;
  for (int i = 0; i < kGenerations; ++i) probe_->GoAndReturn();
}

Answer NativeTarget::Open(const Call& call) {
  for (size_t i = 0; i < places_.size(); ++i) {
    if (hosts_[i].name != call.host) continue;
    OpenSocket open = {nullptr, &hosts_[i], call.uid};
    int error = 0;
    absl::Status visit = lab_.RunOn(places_[i].place, [&] {
      // Not longer than the call: only root can leave a host.
      const Actor actor(call.uid);
      error = actor.error();
      if (error < 0) return;
      open.socket = std::make_unique<NativeSocket>(call.family, places_[i].indices);
      error = open.socket->error();
    });
    if (!visit.ok()) error = -EPERM;
    if (error < 0) return ErrorName(-error);
    sockets_[call.socket] = std::move(open);
    return kOk;
  }
  return ErrorName(ENODEV);
}

Answer NativeTarget::Do(const Call& call) {
  answers_->Note(call);
  if (call.verb == Verb::kAdvance) return kOk;
  if (call.verb == Verb::kSocket) return Open(call);
  auto found = sockets_.find(call.socket);
  if (found == sockets_.end()) return ErrorName(EBADF);
  if (call.verb == Verb::kClose) {
    sockets_.erase(found);
    return kOk;
  }
  OpenSocket& open = found->second;
  const Actor actor(open.uid);
  const bool exchanges = call.verb == Verb::kSend || call.verb == Verb::kReceive ||
                         call.verb == Verb::kPending || call.verb == Verb::kError ||
                         call.verb == Verb::kLocal || call.verb == Verb::kPeer ||
                         call.verb == Verb::kGet;
  return exchanges ? Exchange(open, call) : DoOn(open, call);
}

// The calls that answer with nothing but success.
Answer NativeTarget::DoOn(OpenSocket& open, const Call& call) {
  NativeSocket& socket = *open.socket;
  const uint32_t interface = InterfaceNumber(*open.host, call.interface);
  int result = 0;
  switch (call.verb) {
    case Verb::kSet:
      result = socket.Set(call.option, call.value);
      break;
    case Verb::kBind:
      result = socket.Bind(call.endpoint);
      break;
    case Verb::kConnect:
      result = socket.Connect(call.endpoint);
      break;
    case Verb::kDisconnect:
      result = socket.Disconnect();
      break;
    case Verb::kJoin:
      result = socket.Join(call.group, interface, call.source);
      break;
    case Verb::kLeave:
      result = socket.Leave(call.group, interface, call.source);
      break;
    case Verb::kOutgoing:
      result = socket.SetOutgoing(interface);
      break;
    case Verb::kShutdown:
      result = socket.Shutdown(call.how);
      break;
    default:
      break;
  }
  return result < 0 ? ErrorName(-result) : kOk;
}

Answer NativeTarget::ShowEndpoint(const OpenSocket& open, int result, const Endpoint& endpoint) {
  return result < 0 ? ErrorName(-result) : answers_->Show(open.host->name, endpoint);
}

// The calls that answer with a value.
Answer NativeTarget::Exchange(OpenSocket& open, const Call& call) {
  NativeSocket& socket = *open.socket;
  Endpoint endpoint;
  int result = 0;
  switch (call.verb) {
    case Verb::kSend:
      result = socket.Send(call.payload, call.endpoint);
      Settle();
      if (socket.HasUnsent()) {
        while (socket.HasUnsent()) absl::SleepFor(absl::Microseconds(200));
        Settle();
      }
      return result < 0 ? ErrorName(-result) : absl::StrCat(result);
    case Verb::kReceive: {
      NativeSocket::Received received;
      result = socket.Receive(call.size, received);
      if (result == -EAGAIN) return kNothing;
      if (result < 0) return ErrorName(-result);
      if (!received.source.is_set()) return kEnd;
      return answers_->Received(open.host->name, received.bytes, received.source,
                                received.truncated);
    }
    case Verb::kPending:
      result = socket.Pending();
      if (result == -EAGAIN) return kNothing;
      return result < 0 ? ErrorName(-result) : absl::StrCat(result);
    case Verb::kLocal:
      result = socket.Local(endpoint);
      return ShowEndpoint(open, result, endpoint);
    case Verb::kPeer:
      result = socket.Peer(endpoint);
      return ShowEndpoint(open, result, endpoint);
    case Verb::kGet: {
      int value = 0;
      result = socket.Get(call.option, value);
      if (result < 0) return ErrorName(-result);
      return answers_->OptionValue(open.host->name, call.option, value);
    }
    default:
      result = socket.TakeError();
      return result == 0 ? kNone : ErrorName(result < 0 ? -result : result);
  }
}

}  // namespace

bool NativeUsersPermitted() {
  constexpr uint32_t kSomebody = 1000;
  if (::geteuid() != 0) return false;
  return Actor(kSomebody).error() == 0;
}

absl::StatusOr<std::unique_ptr<Target>> NewNativeTarget(NativeNetwork network) {
  const absl::StatusOr<lab::Lab> lab =
      network == NativeNetwork::kHostA ? lab::LabAroundHostA() : lab::EnterLab();
  if (!lab.ok()) return lab.status();
  StayOnThisProcessor();
  return std::make_unique<NativeTarget>(*lab, network);
}

}  // namespace pollux::program
