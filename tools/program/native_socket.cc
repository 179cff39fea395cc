// SPDX-License-Identifier: Apache-2.0

#include "tools/program/native_socket.h"

#include <linux/sock_diag.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "platform/common/socket_address.h"

namespace pollux::program {
namespace {

int ErrorOr(ssize_t result) { return result < 0 ? -errno : static_cast<int>(result); }

}  // namespace

// Room for an address of either family, as the calls take it.
struct NativeSocket::Address {
  union {
    sockaddr base;
    sockaddr_in v4;
    sockaddr_in6 v6;
  };
  socklen_t length = sizeof(sockaddr_in6);
};

NativeSocket::NativeSocket(AddressFamily family, const InterfaceIndices& indices)
    : indices_(indices), family_(family) {
  const int domain = family == AddressFamily::kIpv4 ? AF_INET : AF_INET6;
  fd_ = ErrorOr(::socket(domain, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (fd_ < 0 || domain == AF_INET) return;
  // Said always, since the machine can have another default (net.ipv6.bindv6only).
  const int only = family == AddressFamily::kIpv6 ? 1 : 0;
  ::setsockopt(fd_, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only));
}

NativeSocket::~NativeSocket() {
  if (fd_ >= 0) ::close(fd_);
}

uint32_t NativeSocket::IndexOf(uint32_t number) const {
  constexpr uint32_t kNoIndex = 0x40000000;
  if (number == 0) return 0;
  return number <= indices_.size() ? indices_[number - 1] : kNoIndex + number;
}

uint32_t NativeSocket::NumberOf(uint32_t index) const {
  for (size_t i = 0; i < indices_.size(); ++i) {
    if (indices_[i] == index) return static_cast<uint32_t>(i + 1);
  }
  return 0;
}

// An IPv6 address on an IPv4 socket stays what it is: the kernel shall refuse it.
NativeSocket::Address NativeSocket::ToKernel(const Endpoint& endpoint) const {
  Address address;
  std::memset(&address.v6, 0, sizeof(address.v6));
  const IpAddress& ip = endpoint.address;
  const bool unset_ipv4 = family_ == AddressFamily::kIpv4 && !ip.is_set();
  if (family_ == AddressFamily::kIpv4 && (ip.is_ipv4() || unset_ipv4)) {
    address.v4.sin_family = AF_INET;
    address.v4.sin_port = htons(endpoint.port);
    address.v4.sin_addr = internal::ToInAddr(ip);
    address.length = sizeof(address.v4);
    return address;
  }
  address.v6.sin6_family = AF_INET6;
  address.v6.sin6_port = htons(endpoint.port);
  address.v6.sin6_addr = internal::ToIn6Addr(ip);
  address.v6.sin6_scope_id = IndexOf(ip.scope_id());
  return address;
}

Endpoint NativeSocket::FromKernel(const Address& address) const {
  if (address.length >= sizeof(address.v6) && address.base.sa_family == AF_INET6) {
    const IpAddress ip =
        internal::FromIn6Addr(address.v6.sin6_addr, NumberOf(address.v6.sin6_scope_id));
    const bool any = family_ == AddressFamily::kDual && ip == IpAddress::AnyIpv6();
    return Endpoint(any ? IpAddress::Any() : ip, ntohs(address.v6.sin6_port));
  }
  if (address.length >= sizeof(address.v4) && address.base.sa_family == AF_INET) {
    return Endpoint(internal::FromInAddr(address.v4.sin_addr), ntohs(address.v4.sin_port));
  }
  return Endpoint();
}

int NativeSocket::Bind(const Endpoint& local) {
  const Address address = ToKernel(local);
  return ErrorOr(::bind(fd_, &address.base, address.length));
}

int NativeSocket::Connect(const Endpoint& peer) {
  const Address address = ToKernel(peer);
  return ErrorOr(::connect(fd_, &address.base, address.length));
}

int NativeSocket::Disconnect() {
  sockaddr nobody = {};
  nobody.sa_family = AF_UNSPEC;
  return ErrorOr(::connect(fd_, &nobody, sizeof(nobody)));
}

int NativeSocket::Local(Endpoint& local) {
  Address address;
  const int result = ErrorOr(::getsockname(fd_, &address.base, &address.length));
  if (result < 0) return result;
  local = FromKernel(address);
  // One that was bound to an IPv6 address before has given IPv4 up.
  int ipv6_only = 0;
  socklen_t length = sizeof(ipv6_only);
  if (local.address == IpAddress::Any() &&
      ::getsockopt(fd_, IPPROTO_IPV6, IPV6_V6ONLY, &ipv6_only, &length) == 0 && ipv6_only != 0) {
    local.address = IpAddress::AnyIpv6();
  }
  return result;
}

int NativeSocket::Peer(Endpoint& peer) {
  Address address;
  const int result = ErrorOr(::getpeername(fd_, &address.base, &address.length));
  if (result == 0) peer = FromKernel(address);
  return result;
}

int NativeSocket::Shutdown(ShutdownHow how) {
  switch (how) {
    case ShutdownHow::kRead:
      return ErrorOr(::shutdown(fd_, SHUT_RD));
    case ShutdownHow::kWrite:
      return ErrorOr(::shutdown(fd_, SHUT_WR));
    case ShutdownHow::kBoth:
      break;
  }
  return ErrorOr(::shutdown(fd_, SHUT_RDWR));
}

int NativeSocket::Send(absl::string_view payload, const Endpoint& to) {
  constexpr int kFlags = MSG_DONTWAIT | MSG_NOSIGNAL;
  if (!to.is_set()) return ErrorOr(::send(fd_, payload.data(), payload.size(), kFlags));
  const Address address = ToKernel(to);
  return ErrorOr(
      ::sendto(fd_, payload.data(), payload.size(), kFlags, &address.base, address.length));
}

int NativeSocket::Receive(size_t size, Received& received) {
  static thread_local std::array<char, kSizeMax> buffer;
  Address from;
  iovec room = {buffer.data(), std::min(size, buffer.size())};
  msghdr message = {};
  message.msg_name = &from.base;
  message.msg_namelen = from.length;
  message.msg_iov = &room;
  message.msg_iovlen = 1;
  const int result = ErrorOr(::recvmsg(fd_, &message, MSG_DONTWAIT));
  if (result < 0) return result;
  from.length = message.msg_namelen;
  received.bytes.assign(buffer.data(), static_cast<size_t>(result));
  received.source = from.length == 0 ? Endpoint() : FromKernel(from);
  received.truncated = (message.msg_flags & MSG_TRUNC) != 0;
  return result;
}

bool NativeSocket::HasUnsent() const {
  int bytes = 0;
  return ::ioctl(fd_, SIOCOUTQ, &bytes) == 0 && bytes > 0;
}

// FIONREAD gives 0 both for nothing and for an empty datagram. poll(2) tells these apart, but not
// after a shutdown, which makes a socket readable; then the memory that the queue holds does. (To
// peek would take the pending error.)
int NativeSocket::Pending() {
  int size = 0;
  const int result = ErrorOr(::ioctl(fd_, FIONREAD, &size));
  if (result < 0) return result;
  if (size > 0) return size;
  pollfd state = {fd_, POLLIN | POLLRDHUP, 0};
  ::poll(&state, 1, 0);
  if ((state.revents & POLLIN) == 0) return -EAGAIN;
  if ((state.revents & POLLRDHUP) == 0) return 0;
  // Errors that wait hold memory too; behind them an empty datagram is not seen.
  int reports = 0;
  if ((state.revents & POLLERR) != 0 && Get(SocketOption::kReportUnreachable, reports) == 0 &&
      reports != 0) {
    return -EAGAIN;
  }
  std::array<uint32_t, 16> memory = {};
  socklen_t length = sizeof(memory);
  ::getsockopt(fd_, SOL_SOCKET, SO_MEMINFO, memory.data(), &length);
  return memory[SK_MEMINFO_RMEM_ALLOC] > 0 ? 0 : -EAGAIN;
}

int NativeSocket::TakeError() {
  int error = 0;
  socklen_t length = sizeof(error);
  return ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &length) < 0 ? -errno : error;
}

}  // namespace pollux::program
