// SPDX-License-Identifier: Apache-2.0
//
// File: netlink.h
//
// `Netlink` sets up the interfaces of a network namespace: a small part of rtnetlink(7), as much as
// the lab needs, so that no tool has to be installed.

#ifndef POLLUX_TOOLS_LAB_NETLINK_H_
#define POLLUX_TOOLS_LAB_NETLINK_H_

#include <memory>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "udp/ip_address.h"

namespace pollux::lab {

// One end of a virtual cable. Index and hardware address 02:00:00:00:00:INDEX are given, not left
// to the kernel, so that runs are alike.
struct CableEnd {
  const char* name;
  int index;
};

// Belongs to the namespace that its thread was in when it was opened, wherever the thread goes.
// The smallest metric wins.
struct GatewayRoute {
  IpAddress network;
  int prefix_length = 0;
  IpAddress gateway;
  int metric = 0;
};

class Netlink {
 public:
  static absl::StatusOr<std::unique_ptr<Netlink>> Open();
  Netlink(const Netlink&) = delete;
  Netlink& operator=(const Netlink&) = delete;
  ~Netlink();

  // Lays a veth(4) cable from here to the namespace behind the descriptor `there_namespace`.
  absl::Status LayCable(const CableEnd& here, const CableEnd& there, int there_namespace);
  // Turns an interface on or off.
  absl::Status SetUp(int index, bool up);
  // The kernel shall not make up a link-local address, which would be unusable while it looks for
  // duplicates. To be said before the interface is turned on.
  absl::Status DisableAutomaticAddress(int index);
  // The address is usable at once.
  absl::Status AddAddress(int index, const IpAddress& address, int prefix_length);
  absl::Status RemoveAddress(int index, const IpAddress& address, int prefix_length);
  absl::Status AddDefaultRoute(int index, const IpAddress& gateway);
  // One by a gateway on a connected network, by which the kernel finds the interface.
  absl::Status AddRoute(const GatewayRoute& route);
  absl::Status RemoveRoute(const GatewayRoute& route);
  // Replaces the queue by which an interface sends: `kind` is its name, as "netem", and `options`
  // what the kernel's linux/pkt_sched.h says of that kind, as bytes.
  absl::Status SetRootQueue(int index, const char* kind, absl::string_view options);
  // Forgets all neighbours that have not answered yet, and drops what waits for them. What waits
  // would keep its sockets, and by them the namespace, long after the process ended.
  absl::Status ForgetSilentNeighbours();

  // Waits until an interface carries what is sent: a cable drops everything before.
  absl::Status WaitUntilOperational(int index, absl::Duration timeout);

 private:
  class Request;

  Netlink(int fd, int events) : fd_(fd), events_(events) {}

  // Sends a request and waits for its acknowledgement. `what` names it in the error.
  absl::Status Send(Request& request, const char* what);
  // Sends a request for a list, and gives each of its entries to `entry`.
  absl::Status Dump(Request& request, absl::FunctionRef<void(absl::string_view)> entry,
                    const char* what);
  absl::Status ChangeAddress(int type, int index, const IpAddress& address, int prefix_length);
  absl::Status ChangeRoute(int type, const GatewayRoute& route);
  absl::StatusOr<bool> IsOperational(int index);

  const int fd_;
  const int events_;  // Receives news about interfaces.
  unsigned sequence_ = 0;
};

}  // namespace pollux::lab

#endif  // POLLUX_TOOLS_LAB_NETLINK_H_
