// SPDX-License-Identifier: Apache-2.0
//
// File: membership.h
//
// `Membership` is a joined group that is left when the guard goes:
//
//   absl::StatusOr<Membership> membership = socket.JoinScoped({.group = group});

#ifndef POLLUX_UDP_MEMBERSHIP_H_
#define POLLUX_UDP_MEMBERSHIP_H_

#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "udp/socket_engine.h"

namespace pollux {

namespace internal {
class SocketCore;
}  // namespace internal

// Loop thread only. Move-only. Harmless after its socket was closed or destroyed.
class Membership {
 public:
  Membership(Membership&& other) noexcept = default;
  Membership& operator=(Membership&& other) noexcept;
  ~Membership();

  const GroupMembership& group() const { return group_; }
  // Leaves now and says how that went; OK if it was left before.
  absl::Status Leave();
  // Gives the guard up: the socket stays a member until it leaves or closes.
  void Release() { core_.reset(); }

 private:
  friend class UdpSocket;
  Membership(const std::shared_ptr<internal::SocketCore>& core, const GroupMembership& group);

  std::weak_ptr<internal::SocketCore> core_;
  GroupMembership group_;
  uint64_t opening_;  // Which of the core's engine sockets it was that joined.
};

}  // namespace pollux

#endif  // POLLUX_UDP_MEMBERSHIP_H_
