// SPDX-License-Identifier: Apache-2.0
//
// File: native_socket.h
//
// `NativeSocket` is one socket of the machine's kernel, and each call of a program on it as bare
// system calls. Addresses and interfaces are a program's: unmapped, and numbered by the program;
// they are translated here.

#ifndef POLLUX_TOOLS_PROGRAM_NATIVE_SOCKET_H_
#define POLLUX_TOOLS_PROGRAM_NATIVE_SOCKET_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "tools/program/program.h"
#include "udp/endpoint.h"
#include "udp/ip_address.h"
#include "udp/socket_option.h"

namespace pollux::program {

// The kernel's index of each of a host's interfaces, by the program's number less one.
using InterfaceIndices = std::vector<uint32_t>;

// The calls return 0 or more, or a negated errno. Thread-compatible.
class NativeSocket {
 public:
  // What a receive gave, if it gave something.
  struct Received {
    std::string bytes;
    Endpoint source;  // Unset where the kernel names none.
    bool truncated = false;
  };

  // Opens a socket of the thread's namespace and user. A failure shows in `error`.
  NativeSocket(AddressFamily family, const InterfaceIndices& indices);
  NativeSocket(const NativeSocket&) = delete;
  NativeSocket& operator=(const NativeSocket&) = delete;
  ~NativeSocket();

  // Why there is no socket, or 0.
  int error() const { return fd_ < 0 ? fd_ : 0; }

  int Bind(const Endpoint& local);
  int Connect(const Endpoint& peer);
  int Disconnect();
  int Local(Endpoint& local);
  int Peer(Endpoint& peer);
  int Shutdown(ShutdownHow how);

  int Send(absl::string_view payload, const Endpoint& to);
  // Whether what it sent has not left the host yet: the kernel looks for the next hop.
  bool HasUnsent() const;
  int Receive(size_t size, Received& received);
  // The size of the next datagram; -EAGAIN if there is none.
  int Pending();
  // The errno of the pending error, which is taken; 0 if there is none.
  int TakeError();

  int Set(SocketOption option, int value);
  // The value goes to `value`; of BoundInterface, it is the program's number.
  int Get(SocketOption option, int& value);
  int Join(const IpAddress& group, uint32_t interface, const IpAddress& source);
  int Leave(const IpAddress& group, uint32_t interface, const IpAddress& source);
  int SetOutgoing(uint32_t interface);

 private:
  struct KernelOption;
  struct OptionPair;

  OptionPair KernelOptions(SocketOption option) const;
  int SetOne(const KernelOption& option, int value);
  int GetOne(const KernelOption& option, int& value);
  int SetBoundInterface(int number);
  int ChangeMembership(bool join, const IpAddress& group, uint32_t interface,
                       const IpAddress& source);
  // Both ways between a program's numbers and the kernel's indices. A number that no interface has
  // becomes an index that none has.
  uint32_t IndexOf(uint32_t number) const;
  uint32_t NumberOf(uint32_t index) const;
  // The endpoint in the form of this socket's family.
  struct Address;
  Address ToKernel(const Endpoint& endpoint) const;
  Endpoint FromKernel(const Address& address) const;

  const InterfaceIndices& indices_;
  AddressFamily family_;
  int fd_;
};

}  // namespace pollux::program

#endif  // POLLUX_TOOLS_PROGRAM_NATIVE_SOCKET_H_
