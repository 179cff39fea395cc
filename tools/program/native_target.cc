// SPDX-License-Identifier: Apache-2.0

#include "tools/program/native_target.h"

#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
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
#include "tools/program/native_socket.h"
#include "udp/internal/check.h"
#include "udp/platform.h"
#include "udp/socket_error.h"

namespace pollux::program {
namespace {

constexpr uint16_t kProbePort = 61439;  // Above those that the kernel chooses from.

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

// A datagram that a host sends to itself and waits for.
class Probe {
 public:
  Probe() {
    fd_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_in self = {};
    self.sin_family = AF_INET;
    self.sin_port = htons(kProbePort);
    self.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const sockaddr* address = static_cast<const sockaddr*>(static_cast<const void*>(&self));
    const timeval patience = {.tv_sec = 10, .tv_usec = 0};
    ok_ = fd_ >= 0 && ::bind(fd_, address, sizeof(self)) == 0 &&
          ::connect(fd_, address, sizeof(self)) == 0 &&
          ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0;
  }
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;
  ~Probe() {
    if (fd_ >= 0) ::close(fd_);
  }

  bool ok() const { return ok_; }
  void GoAndReturn() {
    char byte = 0;
    POLLUX_CHECK(::send(fd_, &byte, 1, 0) == 1 && ::recv(fd_, &byte, 1, 0) == 1,
                 "the kernel lost a datagram to the sender itself");
  }

 private:
  int fd_ = -1;
  bool ok_ = false;
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

// A kernel answers closed ports only so often a second. No kind of ICMP shall be counted.
void AnswerEveryDatagram() {
  std::ofstream("/proc/sys/net/ipv4/icmp_ratemask") << 0;
  std::ofstream("/proc/sys/net/ipv4/icmp_ratelimit") << 0;
  std::ofstream("/proc/sys/net/ipv6/icmp/ratelimit") << 0;
  // All hosts together; newer kernels count it for each namespace.
  std::ofstream("/proc/sys/net/ipv6/icmp/ratemask") << "255";
  std::ofstream("/proc/sys/net/ipv4/icmp_msgs_per_sec") << 1000000000;
  std::ofstream("/proc/sys/net/ipv4/icmp_msgs_burst") << 1000000000;
}

// An address that nobody has is asked for once and then waited for longer than any program takes,
// so that none meets the error that comes in the end. Not much longer: what waits for an answer
// keeps the namespace alive even if the process is killed, and an ICMP error that waits takes of
// what the whole machine may have under way.
void AskOnce(const std::vector<InterfaceSpec>& interfaces) {
  for (const InterfaceSpec& interface : interfaces) {
    for (const char* protocol : {"ipv4", "ipv6"}) {
      const std::string folder =
          absl::StrCat("/proc/sys/net/", protocol, "/neigh/", interface.name, "/");
      std::ofstream(folder + "retrans_time_ms") << absl::ToInt64Milliseconds(absl::Minutes(1));
      // What waits there is charged to its sender, who must not run out of room.
      std::ofstream(folder + "unres_qlen_bytes") << 65536;
    }
  }
}

class NativeTarget final : public Target {
 public:
  explicit NativeTarget(const lab::Lab& lab) : lab_(lab) {}

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

  absl::Status SetUp(size_t number);
  absl::Status WarmUp();
  bool Reaches(size_t from, const IpAddress& address);
  Answer Open(const Call& call);
  Answer DoOn(OpenSocket& open, const Call& call);
  Answer Exchange(OpenSocket& open, const Call& call);
  Answer ShowEndpoint(const OpenSocket& open, int result, const Endpoint& endpoint);
  void Settle();

  const lab::Lab lab_;
  const std::array<Host, 2> places_ = {
      {{lab::Host::kA, {1, 11, 12}}, {lab::Host::kB, {1, 21, 22}}}};
  std::vector<HostSpec> hosts_;
  std::vector<std::unique_ptr<lab::Netlink>> netlinks_;  // Of each host.
  std::unique_ptr<Probe> probe_;
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

// Interfaces get the link-local addresses that programs expect, in place of the lab's.
absl::Status NativeTarget::SetUp(size_t number) {
  absl::Status result;
  absl::Status visit = lab_.RunOn(places_[number].place, [&] {
    AnswerEveryDatagram();
    absl::StatusOr<std::unique_ptr<lab::Netlink>> netlink = lab::Netlink::Open();
    if (!netlink.ok()) {
      result = netlink.status();
      return;
    }
    constexpr int kPrefix = 64;
    const std::vector<InterfaceSpec>& interfaces = hosts_[number].interfaces;
    for (size_t i = 0; i < interfaces.size() && result.ok(); ++i) {
      const int index = static_cast<int>(places_[number].indices[i + 1]);
      const uint8_t last = static_cast<uint8_t>((number + 1) << 4 | (i + 1));
      const IpAddress labs =
          IpAddress::Ipv6({0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last});
      result = (*netlink)->RemoveAddress(index, labs, kPrefix);
      if (result.ok()) result = (*netlink)->AddAddress(index, LinkLocalOf(interfaces[i]), kPrefix);
    }
    netlinks_.push_back(*std::move(netlink));
  });
  return visit.ok() ? result : visit;
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
  netlinks_.clear();
  for (size_t i = 0; i < hosts_.size(); ++i) {
    if (absl::Status s = SetUp(i); !s.ok()) return s;
  }
  auto probe = std::make_unique<Probe>();
  if (!probe->ok()) return absl::InternalError("the native target cannot open its probe");
  probe_ = std::move(probe);
  return WarmUp();
}

// Has the hosts learn each other's hardware addresses, so that later datagrams go at once. The
// kernel makes new addresses known when it has time, so this asks until there is an answer.
absl::Status NativeTarget::WarmUp() {
  for (size_t from = 0; from < hosts_.size(); ++from) {
    for (size_t i = 0; i < hosts_[from].interfaces.size(); ++i) {
      const InterfaceSpec& there = hosts_[1 - from].interfaces[i];
      // The cable's own, on either side the interface of the same number.
      std::vector<IpAddress> addresses = {
          LinkLocalOf(there).WithScope(static_cast<uint32_t>(i + 2))};
      for (const std::string& text : there.addresses) {
        const absl::StatusOr<IpAddress> address = IpAddress::Parse(text.substr(0, text.find('/')));
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
  for (size_t i = 0; i < hosts_.size(); ++i) {
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
      socket.Send("", Endpoint());
      Settle();
      answered = socket.TakeError() == ECONNREFUSED;
      if (!answered) sched_yield();
    }
  });
  return visit.ok() && answered;
}

// A datagram, an answer to it, and room for one more of either.
void NativeTarget::Settle() {
  constexpr int kGenerations = 3;
  for (int i = 0; i < kGenerations; ++i) probe_->GoAndReturn();
}

Answer NativeTarget::Open(const Call& call) {
  for (size_t i = 0; i < hosts_.size(); ++i) {
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

absl::StatusOr<std::unique_ptr<Target>> NewNativeTarget() {
  const absl::StatusOr<lab::Lab> lab = lab::EnterLab();
  if (!lab.ok()) return lab.status();
  StayOnThisProcessor();
  return std::make_unique<NativeTarget>(*lab);
}

}  // namespace pollux::program
