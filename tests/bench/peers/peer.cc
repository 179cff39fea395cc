// SPDX-License-Identifier: Apache-2.0

#include "tests/bench/peers/peer.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace pollux::bench {

void Die(const std::string& what) {
  std::fprintf(stderr, "native_vs_peers: %s\n", what.c_str());
  std::exit(1);
}

sockaddr_in Loopback(uint16_t port, uint32_t host) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(host);
  return address;
}

sockaddr* Generic(sockaddr_in* address) { return reinterpret_cast<sockaddr*>(address); }

int NewSocket() {
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  sockaddr_in any = Loopback(0, INADDR_ANY);
  if (fd < 0 || ::bind(fd, Generic(&any), sizeof(any)) != 0) {
    Die(absl::StrCat("no socket: ", std::strerror(errno)));
  }
  return fd;
}

uint16_t PortOf(int fd) {
  sockaddr_in address = {};
  socklen_t length = sizeof(address);
  if (::getsockname(fd, Generic(&address), &length) != 0) Die("a socket without a port");
  return ntohs(address.sin_port);
}

void Enlarge(int fd) {
  const int bytes = 8 << 20;
  ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
}

}  // namespace pollux::bench
