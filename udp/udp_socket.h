// SPDX-License-Identifier: Apache-2.0
//
// File: udp_socket.h
//
// `UdpSocket` is the socket that people hold: the contract of QUdpSocket without Qt, on any engine.
// docs/qudpsocket.md maps each member of the contract to the one here.
//
//   UdpSocket socket(engine);
//   if (absl::Status s = socket.Bind(IpAddress::LoopbackIpv4(), 7755); !s.ok()) return s;
//   socket.OnReadyRead([&] {
//     while (socket.HasPendingDatagrams()) {
//       absl::StatusOr<Datagram> datagram = socket.ReceiveDatagram();
//       if (datagram.ok()) Process(*datagram);
//     }
//   });
//   engine.loop().Run();

#ifndef POLLUX_UDP_UDP_SOCKET_H_
#define POLLUX_UDP_UDP_SOCKET_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/base/optimization.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "udp/bind_mode.h"
#include "udp/datagram.h"
#include "udp/datagram_batch.h"
#include "udp/endpoint.h"
#include "udp/membership.h"
#include "udp/network_interface.h"
#include "udp/socket_engine.h"
#include "udp/socket_option.h"

namespace pollux {

namespace internal {
class SocketCore;
}  // namespace internal

// Where a socket is in its life; the numeric values are QAbstractSocket::SocketState's.
enum class SocketState : uint8_t {
  kUnconnected = 0,
  kHostLookup = 1,
  kConnecting = 2,
  kConnected = 3,
  kBound = 4,
};

// How many datagrams a socket hands out in one run of OnReadyRead, unless SetReadyReadMax says
// otherwise: more than a default receive buffer holds, so that only a flood gets there.
inline constexpr size_t kReadyReadMax = 512;

// "Unconnected", and so on.
absl::string_view ToString(SocketState state);

// Loop thread only. Move-only; a moved-from socket can be assigned to or destroyed, nothing else:
// this is checked. Closes in its destructor. The engine must outlive it.
//
// Errors: every call that fails says why in its `absl::Status` (socket_error.h tells how to ask for
// the portable cause), leaves the state as it was, and sets `error()`. What fails without a call,
// an ICMP message or a name that does not resolve, goes to `OnError`.
//
// Callbacks run from the loop, never inside a call. They may do anything, destroying the socket
// included. They stay over `Close()`.
class UdpSocket {
 public:
  explicit UdpSocket(SocketEngine& engine);
  UdpSocket(UdpSocket&& other) noexcept;
  UdpSocket& operator=(UdpSocket&& other) noexcept;
  ~UdpSocket();

  // ---- Binding ----

  // Binds to `IpAddress::Any()`, both families (IPv4 alone on a host without IPv6), on `port`; 0
  // asks for one that is free. Then the state is kBound, and OnReadyRead tells of what arrives. The
  // mode says who else may bind the same. A bound or connected socket has to be closed first.
  // Errors: kAddressInUse, kSocketAddressNotAvailable, kSocketAccess, kOperation.
  absl::Status Bind(uint16_t port = 0);
  absl::Status Bind(uint16_t port, BindMode mode);
  // The same with an address. An IPv6 address makes an IPv6-only socket, the unset address is
  // `Any()`.
  absl::Status Bind(const IpAddress& address, uint16_t port);
  absl::Status Bind(const IpAddress& address, uint16_t port, BindMode mode);

  // Gives up binding, peer, memberships, and what was not read; the options set on this object
  // stay, and it can be bound again.
  void Close();

  SocketState state() const;
  // Where it is bound and whom it is connected to; unset while it is not.
  Endpoint local_endpoint() const;
  Endpoint peer_endpoint() const;
  // The latest failure of a call or of an asynchronous operation; OK if there was none. Success
  // does not clear it.
  const absl::Status& error() const;
  SocketEngine& engine() const;

  // ---- Datagrams ----

  // Whether at least one datagram waits to be read.
  bool HasPendingDatagrams();
  // The size of the first one, which can be 0; nullopt when there is none.
  std::optional<size_t> PendingDatagramSize();

  // Reads one datagram into `buffer`, returns how many bytes were stored, and fills `info` unless
  // it is null. What does not fit is lost, and `info->truncated` says so; an empty buffer discards
  // the datagram. Errors: kTemporary (kUnavailable) when none is pending, which costs no
  // allocation; kOperation when the socket is neither bound nor connected.
  absl::StatusOr<size_t> ReadDatagram(absl::Span<char> buffer, DatagramInfo* info = nullptr);
  // The same with a payload of its own, whole, or cut to `max_size`.
  absl::StatusOr<Datagram> ReceiveDatagram(size_t max_size = kMaxIpv6Payload);
  // Reads as many datagrams as are pending and fit the slots; returns their number, 0 for none.
  // Errors: as ReadDatagram, and kOperation where the buffers of two slots share memory.
  absl::StatusOr<size_t> ReceiveBatch(absl::Span<ReceiveSlot> slots);
  // The same into a batch that owns its memory, whose former content is gone then. The fastest way
  // to receive: what the platform hands out together is taken together (docs/platforms.md). Returns
  // the number of datagrams, 0 for none. Once used, such calls are the cheaper ones on this socket.
  absl::StatusOr<size_t> ReceiveBatch(DatagramBatch& batch);

  // Sends one datagram, whole or not at all. A socket that is not bound is bound first, as by
  // `Bind()`, so that answers reach it. Errors: kDatagramTooLarge, kNetwork (no route, no
  // destination, port 0, an address of another family), kTemporary when the send buffer is full.
  absl::Status WriteDatagram(absl::string_view payload, const Endpoint& destination);
  absl::Status WriteDatagram(absl::string_view payload, const Endpoint& destination,
                             const SendOptions& options);
  // Sends in order until one cannot be sent, and returns how many were; 0 when the send buffer is
  // full. Fails only where the first one fails.
  absl::StatusOr<size_t> SendBatch(absl::Span<const SendSlot> datagrams);

  // What `DatagramInfo` shall tell besides the source, from now on. Nothing by default: each field
  // costs time on every datagram.
  absl::Status RequestMetadata(Metadata fields);

  // ---- Virtual connection ----

  // Makes `host`, an address or a name, the only peer: what others send is not received. With an
  // address all is done on return; a name is looked up, state kHostLookup, and OnStateChanged or
  // OnError tells the end. So is an address with an interface's name, "fe80::1%eth0". A bound
  // socket keeps its port. Errors: kOperation unless unconnected or bound; kNetwork. By OnError:
  // kHostNotFound, kNetwork.
  absl::Status ConnectToHost(absl::string_view host, uint16_t port);
  absl::Status ConnectToHost(const IpAddress& host, uint16_t port);
  // Forgets the peer, or stops the lookup: the socket is as bound as it was before.
  absl::Status DisconnectFromHost();

  // One datagram to the peer. Errors: as WriteDatagram, and kOperation when not connected.
  absl::Status Write(absl::string_view payload);
  // Reads from the current datagram and, when that is used up, begins the next: never from two.
  // What does not fit stays for the next call. Returns how many bytes were stored: 0 for an empty
  // datagram, or an empty buffer. Errors: kTemporary when nothing is there; kOperation.
  absl::StatusOr<size_t> Read(absl::Span<char> buffer);
  // The same up to and including the next '\n', or to the end of the datagram.
  absl::StatusOr<std::string> ReadLine();

  // ---- Multicast ----

  // Joins or leaves a group, on the interface that the platform chooses or on the one given (of
  // index 0: again the platform's choice). What was joined on an interface is left on it.
  // Errors: kOperation unless the state is kBound, or where `group` is no group; kAddressInUse for
  // a second join of the same (Windows: kSocketAddressNotAvailable); kSocketAddressNotAvailable for
  // a leave without a join; kNetwork for an interface that does not exist; kSocketResource beyond
  // the platform's limit; kUnsupportedOperation for a group of a family that the socket is not of.
  absl::Status JoinMulticastGroup(const IpAddress& group);
  absl::Status JoinMulticastGroup(const IpAddress& group,
                                  const NetworkInterface& network_interface);
  absl::Status LeaveMulticastGroup(const IpAddress& group);
  absl::Status LeaveMulticastGroup(const IpAddress& group,
                                   const NetworkInterface& network_interface);
  // All of it: group, interface by index, and a source for a source-specific membership.
  absl::Status JoinMulticastGroup(const GroupMembership& membership);
  absl::Status LeaveMulticastGroup(const GroupMembership& membership);
  // Joins, and leaves when the guard goes. The guard may outlive the socket.
  absl::StatusOr<Membership> JoinScoped(const GroupMembership& membership);

  // The interface by which group datagrams leave (IP_MULTICAST_IF, IPV6_MULTICAST_IF); nullopt
  // unless one was set and the state is kBound.
  std::optional<NetworkInterface> MulticastInterface();
  // Sets it; an interface of index 0 gives the choice back to the platform. Does nothing, and fails
  // with kOperation, unless the state is kBound.
  absl::Status SetMulticastInterface(const NetworkInterface& network_interface);

  // ---- Options ----

  // Sets an option, now and for every later bind of this object; before the first bind it is kept
  // until then, and the bind fails if the platform refuses it. Errors: kOperation for a value out
  // of range (CheckOptionValue), kUnsupportedOperation, kSocketAccess.
  absl::Status SetOption(SocketOption option, int value);
  // Reads it from the platform; before the first bind, what was set, or kOperation.
  absl::StatusOr<int> GetOption(SocketOption option) const;

  // ---- Callbacks; an empty one removes ----

  // There is something to read. Runs once, and again only after the program has read, or has looked
  // and found nothing: whatever was left, or has come since, is told then. A datagram that comes
  // while it reads may be read at once, or not before that. Setting it tells of what is already
  // there.
  //
  // A callback that reads until nothing is pending returns, however fast a peer sends: one run
  // hands out `kReadyReadMax` datagrams at most, then the socket looks empty until it has returned.
  // It runs again in the next turn of the loop, after due timers, posted functions and other
  // sockets; a callback that runs the loop itself may go on as soon as that has had a turn. Nothing
  // is lost by it. Datagrams that the platform hands out as one are not parted, so that a
  // `DatagramBatch` can be given more.
  void OnReadyRead(absl::AnyInvocable<void()> callback);
  // Another maximum, from the next run on, over `Close()` too; 0 for none.
  void SetReadyReadMax(size_t datagrams);
  // A datagram of that many bytes was handed to the network. Once for each, in order.
  void OnBytesWritten(absl::AnyInvocable<void(size_t)> callback);
  // The state has become that. Once for each change, in order.
  void OnStateChanged(absl::AnyInvocable<void(SocketState)> callback);
  // Something failed that no call returned: an ICMP answer to an earlier datagram, a name; or the
  // platform cannot watch the socket (kSocketResource). Tells of what nobody was told of before.
  void OnError(absl::AnyInvocable<void(const absl::Status&)> callback);

  // The operating system's handle, which stays the socket's; nullopt while there is none, and in
  // simulations. Once it was asked for, OnReadyRead runs at every arrival, since the program may
  // read where this class cannot see it.
  std::optional<NativeHandle> native_handle();

 private:
  internal::SocketCore& core() const {
    if (ABSL_PREDICT_FALSE(core_ == nullptr)) DieMovedFrom();
    return *core_;
  }
  [[noreturn]] static void DieMovedFrom();

  std::shared_ptr<internal::SocketCore> core_;  // Null once moved from.
};

}  // namespace pollux

#endif  // POLLUX_UDP_UDP_SOCKET_H_
