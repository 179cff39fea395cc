// SPDX-License-Identifier: Apache-2.0

#include "tools/program/native_probe.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "platform/common/socket_address.h"
#include "udp/internal/check.h"

namespace pollux::program {
namespace {

sockaddr_in ProbeAddress(const IpAddress& address) {
  sockaddr_in kernel = {};
  kernel.sin_family = AF_INET;
  kernel.sin_port = htons(kProbePort);
  kernel.sin_addr = internal::ToInAddr(address);
  return kernel;
}

const sockaddr* Base(const sockaddr_in& address) {
  return static_cast<const sockaddr*>(static_cast<const void*>(&address));
}

int NewSocket() { return ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0); }

}  // namespace

LoopbackProbe::LoopbackProbe() : fd_(NewSocket()) {
  const timeval patience = {.tv_sec = 10, .tv_usec = 0};
  const sockaddr_in self = ProbeAddress(IpAddress::LoopbackIpv4());
  ok_ = fd_ >= 0 && ::bind(fd_, Base(self), sizeof(self)) == 0 &&
        ::connect(fd_, Base(self), sizeof(self)) == 0 &&
        ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0;
}

LoopbackProbe::~LoopbackProbe() {
  if (fd_ >= 0) ::close(fd_);
}

void LoopbackProbe::GoAndReturn() {
  char byte = 0;
  POLLUX_CHECK(::send(fd_, &byte, 1, 0) == 1 && ::recv(fd_, &byte, 1, 0) == 1,
               "the kernel lost a datagram to the sender itself");
}

WireProbe::WireProbe(const IpAddress& neighbour) : fd_(NewSocket()) {
  const sockaddr_in there = ProbeAddress(neighbour);
  ok_ = fd_ >= 0 && ::connect(fd_, Base(there), sizeof(there)) == 0;
}

WireProbe::~WireProbe() {
  if (fd_ >= 0) ::close(fd_);
}

// Does not wait in a receive: gVisor does not wake it for an error.
bool WireProbe::Answered(int patience_ms) const {
  pollfd state = {fd_, 0, 0};
  ::poll(&state, 1, patience_ms);
  int error = 0;
  socklen_t length = sizeof(error);
  return ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &length) == 0 && error == ECONNREFUSED;
}

void WireProbe::GoAndReturn() {
  constexpr int kTries = 20;
  constexpr int kPatienceMs = 500;
  for (int i = 0; i < kTries; ++i) {
    const char byte = 0;
    // A late answer to an earlier try fails the send, and says nothing about this one.
    if (::send(fd_, &byte, 1, 0) < 0 && ::send(fd_, &byte, 1, 0) < 0) continue;
    if (Answered(kPatienceMs)) return;
  }
  POLLUX_CHECK(false, "the neighbour does not answer");
}

}  // namespace pollux::program
