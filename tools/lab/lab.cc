// SPDX-License-Identifier: Apache-2.0

#include "tools/lab/lab.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "platform/linux/epoll_engine.h"
#include "tools/lab/netlink.h"
#include "udp/internal/check.h"
#include "udp/ip_address.h"
#include "udp/platform.h"
#include "udp/socket_error.h"

namespace pollux::lab {
namespace {

using linux_engine::SystemCalls;

constexpr int kLoopback = 1;  // The index of lo in every namespace.

// In place of a namespace's descriptor.
constexpr int kHere = -1;
constexpr int kNone = -2;

absl::Status Failure(absl::string_view what) {
  return OsStatusFromNumber(Platform::kLinux, errno, absl::StrCat("lab: ", what));
}

int OpenCurrentNamespace() { return ::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC); }

absl::Status WriteFile(const char* path, const std::string& text) {
  const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return Failure(absl::StrCat("open ", path));
  const ssize_t written = ::write(fd, text.data(), text.size());
  absl::Status status = written < 0 ? Failure(absl::StrCat("write ", path)) : absl::OkStatus();
  ::close(fd);
  return status;
}

// Makes the process root of a user namespace of its own, in which it may make others.
absl::Status BecomeRoot() {
  const uid_t user = ::getuid();
  const gid_t group = ::getgid();
  if (::unshare(CLONE_NEWUSER) < 0) return Failure("enter a user namespace");
  if (absl::Status s = WriteFile("/proc/self/setgroups", "deny"); !s.ok()) return s;
  if (absl::Status s = WriteFile("/proc/self/gid_map", absl::StrCat("0 ", group, " 1")); !s.ok()) {
    return s;
  }
  return WriteFile("/proc/self/uid_map", absl::StrCat("0 ", user, " 1"));
}

// The descriptor of a new network namespace, in which the thread is then.
absl::StatusOr<int> EnterNewNamespace() {
  if (::unshare(CLONE_NEWNET) < 0) return Failure("enter a network namespace");
  const int fd = OpenCurrentNamespace();
  if (fd < 0) return Failure("open the network namespace");
  return fd;
}

// One interface of the lab.
struct Port {
  Netlink* host;
  int index;
  IpAddress ipv4;
  IpAddress ipv6;
  IpAddress link_local;
};

IpAddress Global(uint8_t wire, uint8_t host) {
  return IpAddress::Ipv6({0xfd, wire, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, host});
}
IpAddress LinkLocal(uint8_t last) {
  return IpAddress::Ipv6({0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last});
}

absl::Status SetUpPort(const Port& port) {
  if (absl::Status s = port.host->DisableAutomaticAddress(port.index); !s.ok()) return s;
  if (absl::Status s = port.host->SetUp(port.index, true); !s.ok()) return s;
  if (absl::Status s = port.host->AddAddress(port.index, port.ipv4, 24); !s.ok()) return s;
  if (absl::Status s = port.host->AddAddress(port.index, port.ipv6, 64); !s.ok()) return s;
  return port.host->AddAddress(port.index, port.link_local, 64);
}

absl::Status SetUpHosts(Netlink& a, Netlink& b, int namespace_b) {
  if (absl::Status s = a.LayCable({"va", 11}, {"vb", 21}, namespace_b); !s.ok()) return s;
  if (absl::Status s = a.LayCable({"wa", 12}, {"wb", 22}, namespace_b); !s.ok()) return s;
  if (absl::Status s = a.SetUp(kLoopback, true); !s.ok()) return s;
  if (absl::Status s = b.SetUp(kLoopback, true); !s.ok()) return s;
  const Port ports[] = {
      {&a, 11, IpAddress::Ipv4(10, 77, 0, 1), Global(0x77, 1), LinkLocal(0x11)},
      {&a, 12, IpAddress::Ipv4(10, 78, 0, 1), Global(0x78, 1), LinkLocal(0x12)},
      {&b, 21, IpAddress::Ipv4(10, 77, 0, 2), Global(0x77, 2), LinkLocal(0x21)},
      {&b, 22, IpAddress::Ipv4(10, 78, 0, 2), Global(0x78, 2), LinkLocal(0x22)},
  };
  for (const Port& port : ports) {
    if (absl::Status s = SetUpPort(port); !s.ok()) return s;
  }
  if (absl::Status s = a.AddAddress(11, IpAddress::Ipv4(10, 77, 0, 11), 24); !s.ok()) return s;
  if (absl::Status s = a.AddDefaultRoute(11, ports[2].ipv4); !s.ok()) return s;
  if (absl::Status s = a.AddDefaultRoute(11, ports[2].ipv6); !s.ok()) return s;
  for (const Port& port : ports) {
    if (absl::Status s = port.host->WaitUntilOperational(port.index, absl::Seconds(5)); !s.ok()) {
      return s;
    }
  }
  return absl::OkStatus();
}

// Moves the thread to a namespace for as long as it lives.
class Visit {
 public:
  explicit Visit(int to) : home_(OpenCurrentNamespace()) {
    arrived_ = home_ >= 0 && ::setns(to, CLONE_NEWNET) == 0;
  }
  Visit(const Visit&) = delete;
  Visit& operator=(const Visit&) = delete;
  ~Visit() {
    if (arrived_) POLLUX_CHECK(::setns(home_, CLONE_NEWNET) == 0, "there is no way home");
    if (home_ >= 0) ::close(home_);
  }

  bool arrived() const { return arrived_; }

 private:
  const int home_;
  bool arrived_ = false;
};

// The system calls of a host. A socket stays in the namespace that it was made in; so these are the
// calls that look at where the thread is.
class HostCalls final : public SystemCalls {
 public:
  explicit HostCalls(int of) : namespace_(of) {}

  int Socket(int domain, int type, int protocol) override {
    return There([&] { return SystemCalls::Socket(domain, type, protocol); });
  }
  int GetIfAddrs(ifaddrs** list) override {
    return There([&] { return SystemCalls::GetIfAddrs(list); });
  }
  char* IfIndexToName(unsigned index, char* name) override {
    const Visit visit(namespace_);
    return visit.arrived() ? SystemCalls::IfIndexToName(index, name) : nullptr;
  }
  int StartThread(void* (*body)(void*), void* argument) override {
    return There([&] { return SystemCalls::StartThread(body, argument); });
  }

 private:
  template <typename Call>
  int There(Call call) {
    const Visit visit(namespace_);
    return visit.arrived() ? call() : -EPERM;
  }

  const int namespace_;
};

}  // namespace

absl::Status Lab::RunOn(Host host, absl::FunctionRef<void()> body) const {
  if (NamespaceOf(host) == kHere) {
    body();
    return absl::OkStatus();
  }
  if (NamespaceOf(host) == kNone) return absl::UnimplementedError("lab: host B is out of reach");
  const Visit visit(NamespaceOf(host));
  if (!visit.arrived()) return Failure("visit a host");
  body();
  return absl::OkStatus();
}

std::shared_ptr<SystemCalls> Lab::NewSystemCalls(Host host) const {
  if (NamespaceOf(host) == kHere) return std::make_shared<SystemCalls>();
  return std::make_shared<HostCalls>(NamespaceOf(host));
}

absl::StatusOr<std::unique_ptr<SocketEngine>> Lab::NewEngine(Host host) const {
  absl::StatusOr<std::unique_ptr<linux_engine::EpollEngine>> engine =
      linux_engine::EpollEngine::Create(NewSystemCalls(host));
  if (!engine.ok()) return engine.status();
  return std::unique_ptr<SocketEngine>(*std::move(engine));
}

absl::StatusOr<Lab> BuildLab() {
  absl::StatusOr<int> b = EnterNewNamespace();
  if (OsErrorOf(b.status()) == OsError::kPermission) {
    if (absl::Status s = BecomeRoot(); !s.ok()) return s;
    b = EnterNewNamespace();
  }
  if (!b.ok()) return b.status();
  absl::StatusOr<std::unique_ptr<Netlink>> netlink_b = Netlink::Open();
  if (!netlink_b.ok()) return netlink_b.status();
  const absl::StatusOr<int> a = EnterNewNamespace();
  if (!a.ok()) return a.status();
  absl::StatusOr<std::unique_ptr<Netlink>> netlink_a = Netlink::Open();
  if (!netlink_a.ok()) return netlink_a.status();
  if (absl::Status s = SetUpHosts(**netlink_a, **netlink_b, *b); !s.ok()) return s;
  return Lab(*a, *b);
}

absl::StatusOr<Lab> EnterLab() {
  static const absl::StatusOr<Lab>& lab = *new absl::StatusOr<Lab>([] {
    absl::StatusOr<Lab> built = BuildLab();
    if (!built.ok()) {
      std::fprintf(
          stderr,
          "\n*** NO LAB: this machine does not permit network namespaces. ***\n*** %s ***\n"
          "*** Tests that need two hosts are skipped. ***\n\n",
          built.status().ToString().c_str());
    }
    return built;
  }());
  return lab;
}

Lab LabAroundHostA() { return Lab(kHere, kNone); }

}  // namespace pollux::lab
