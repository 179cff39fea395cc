// SPDX-License-Identifier: Apache-2.0
//
// File: host_socket.h
//
// A socket of a simulated host: the contract of `EngineSocket`, over a socket of the host's stack.
// The stack answers like its platform; here the answers become statuses, and what the contract says
// differently from the platform is put right: asynchronous errors fail no call, and one cause has
// one error.

#ifndef POLLUX_SIM_HOST_SOCKET_H_
#define POLLUX_SIM_HOST_SOCKET_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "sim/host_engine.h"
#include "sim/kernel/boxed.h"
#include "sim/kernel/udp_stack.h"
#include "udp/socket_engine.h"

namespace pollux::sim {

// Loop thread only.
class HostSocket final : public EngineSocket {
 public:
  // Asynchronous errors that wait to be taken; later ones are lost, as in a kernel.
  static constexpr size_t kAsyncErrorsMax = 64;

  HostSocket(HostEngine& engine, SocketId id, AddressFamily family);
  ~HostSocket() override;

  absl::Status Bind(const Endpoint& local) override;
  absl::Status Connect(const Endpoint& peer) override;
  absl::Status Disconnect() override;
  Endpoint LocalEndpoint() const override;
  absl::StatusOr<size_t> Send(absl::Span<const SendSlot> datagrams) override;
  absl::StatusOr<size_t> Receive(absl::Span<ReceiveSlot> slots) override;
  absl::Status SendTo(absl::string_view payload, const Endpoint& destination,
                      absl::Status& error) override;
  absl::StatusOr<size_t> ReceiveFrom(absl::Span<char> buffer, DatagramInfo* info,
                                     absl::Status& error) override;
  std::optional<size_t> PendingDatagramSize() override;
  bool HasPending() override;
  std::optional<AsyncError> TakeAsyncError() override;
  void SetListener(ReadyListener* listener) override { listener_ = listener; }
  void RequestReady() override;
  absl::Status RequestMetadata(Metadata fields) override;
  absl::Status SetOption(SocketOption option, int value) override;
  absl::StatusOr<int> GetOption(SocketOption option) const override;
  absl::Status Join(const GroupMembership& membership) override;
  absl::Status Leave(const GroupMembership& membership) override;
  absl::Status SetMulticastInterface(uint32_t interface_index) override;
  absl::StatusOr<uint32_t> MulticastInterface() const override;

  // The stack has queued a datagram, or an error.
  void OnArrival() {
    SetKnownDatagrams(Waiting::kUnknown);
    arrived_ = true;
    if (!listed_) Enlist();
  }
  void OnError() {
    SetKnownErrors(Waiting::kUnknown);
    OnArrival();
  }
  // The machine has crashed, and its stack is about to forget this socket.
  void Kill();
  // The turn for which this socket asked has come. May destroy it.
  void RunReady();
  // It will come soon: has the processor fetch what that will read.
  void Approach() const;

 private:
  HostEngine& host_engine() const { return static_cast<HostEngine&>(engine()); }
  UdpStack& stack() const { return host_engine().stack(); }
  // OK, or what the stack said, for the call `what`.
  template <typename T>
  absl::Status StatusOf(const Outcome<T>& outcome, absl::string_view what) const {
    return outcome.ok() ? absl::OkStatus() : Failure(outcome.error(), what);
  }
  absl::Status Failure(OsError error, absl::string_view what) const;
  // Whether this family of socket can have to do with that address.
  bool Speaks(const IpAddress& address) const;
  absl::Status CheckDestination(const Endpoint& destination, absl::string_view what) const;
  std::optional<OsError> Check(const GroupMembership& membership) const;
  // Whether a datagram may be handed to the stack; `Refusal` says why not.
  bool IsSendable(const SendSlot& slot) const;
  absl::Status Refusal(const SendSlot& slot) const;
  absl::StatusOr<size_t> SendFailure(const Outcome<>& outcome, const SendSlot& slot) const;
  std::string DescribeSend(const SendSlot& slot) const;
  // Receives one datagram; false for none, or for what `outcome` then says.
  bool Take(ReceiveSlot& slot, Outcome<bool>& outcome);
  // What a call that received nothing comes to.
  absl::StatusOr<size_t> ReceiveFailure(const Outcome<bool>& outcome) const;
  // Takes errors that have arrived out of the stack, so that they cannot fail the next call.
  void StashErrors() {
    if (known_errors() == Waiting::kUnknown) TakeErrors();
  }
  void TakeErrors();
  void Enlist();

  const AddressFamily family_;
  // In one byte, so that what a delivery needs lies in few lines of a processor's cache.
  bool dead_ : 1 = false;       // Its machine has crashed.
  bool arrived_ : 1 = false;    // Since the callback ran.
  bool requested_ : 1 = false;  // By RequestReady.
  bool listed_ : 1 = false;     // For the next turn.
  bool with_metadata_ : 1 = false;
  ControlBlock& block_;  // Gone when the machine crashes.
  const SocketId id_;
  ReadyListener* listener_ = nullptr;        // Null for nobody.
  Boxed<Endpoint> before_connect_;           // Where it was bound before it was connected.
  Boxed<std::vector<PendingError>> errors_;  // Never empty.
};

}  // namespace pollux::sim

#endif  // POLLUX_SIM_HOST_SOCKET_H_
