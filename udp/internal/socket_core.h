// SPDX-License-Identifier: Apache-2.0
//
// File: socket_core.h
//
// What a `UdpSocket` is, at an address that stays when the socket is moved: its state, its engine
// socket while there is one, and its signals. Programs never see it.
//
// It is shared so that a callback may destroy the socket it belongs to: whoever runs callbacks is
// `Running`, and looks at `closed()` afterwards.

#ifndef POLLUX_UDP_INTERNAL_SOCKET_CORE_H_
#define POLLUX_UDP_INTERNAL_SOCKET_CORE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/optimization.h"
#include "absl/container/inlined_vector.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "udp/datagram.h"
#include "udp/endpoint.h"
#include "udp/event_loop.h"
#include "udp/internal/inline_callback.h"
#include "udp/internal/signal.h"
#include "udp/socket_engine.h"
#include "udp/socket_error.h"
#include "udp/socket_option.h"
#include "udp/udp_socket.h"

namespace pollux::internal {

class SocketCore final : public std::enable_shared_from_this<SocketCore>, private ReadyListener {
 public:
  explicit SocketCore(SocketEngine& of);

  // ---- State: first what each datagram needs, side by side ----

  SocketEngine& engine;
  std::unique_ptr<EngineSocket> socket;  // Null while unconnected, and while a name is looked up.
  InlineCallback ready_read;
  size_t ready_read_max = kReadyReadMax;  // How much one OnReadyRead hands out; 0: no bound.

 private:
  struct Event {
    enum Kind : uint8_t { kState, kWritten, kError } kind;
    SocketState state = SocketState::kUnconnected;
    size_t size = 0;
    absl::Status status = {};
  };
  static constexpr uint64_t kNoBound = std::numeric_limits<uint64_t>::max();

  uint64_t left_ = kNoBound;  // Of which what the engine has given since is not yet taken off.
  uint32_t given_ = 0;        // By the engine then.
  int running_ = 0;           // How many `Running` there are.
  bool closed_ = false;
  bool told_ = false;  // ready_read has run, and the program has not read since.
  bool handle_taken_ = false;
  bool listening_ = false;                // To the engine socket.
  uint32_t first_event_ = 0;              // In `events_`.
  absl::InlinedVector<Event, 1> events_;  // Signals to come, from first_event_ on; keeps its room.

 public:
  Signal<size_t> bytes_written;
  SocketState state = SocketState::kUnconnected;
  Metadata metadata = Metadata::kNone;
  bool bound_by_program = false;  // Bind() made the engine socket: a disconnect leaves it bound.
  Endpoint peer;
  using Options = std::vector<std::pair<SocketOption, int>>;
  std::unique_ptr<Options> options;  // What SetOption asked for, in order; null for nothing.
  absl::Status error;
  uint32_t openings = 0;  // Counts engine sockets: a membership belongs to one of them.
  uint32_t lookups = 0;   // Counts lookups begun and stopped: only the latest one's answer counts.

  // What only sockets have that were read from by Read and ReadLine.
  struct Reading {
    std::string current;        // The datagram that they are in,
    size_t current_offset = 0;  // and how far.
  };
  Reading& reading() {
    if (reading_ == nullptr) reading_ = std::make_unique<Reading>();
    return *reading_;
  }
  // For calls that receive one datagram: filled and read within the call.
  ReceiveSlot& slot() { return engine.slot_; }
  // Forgets the datagram that Read and ReadLine are in.
  void EndReading() {
    if (reading_ != nullptr) reading_->current.clear(), reading_->current_offset = 0;
  }

  // Keeps a failure for `error()`, and hands it on.
  absl::Status Fail(absl::Status status);
  // Fails as SocketStatus does, with a text of the form "CALL: MESSAGE".
  absl::Status Refuse(SocketError cause, absl::string_view call, absl::string_view message);

  // Makes an engine socket of that family with this object's options; kDual gives way to kIpv4 on a
  // host without IPv6, which `family` then says. Does not touch `socket`.
  absl::StatusOr<std::unique_ptr<EngineSocket>> Open(AddressFamily& family);
  // Makes `opened` the engine socket, and listens to it.
  void Adopt(std::unique_ptr<EngineSocket> opened);
  // Drops the engine socket and all that goes with it; the state becomes kUnconnected.
  void Drop();
  // For the destructor: like Drop, and no callback runs any more.
  void Close();
  bool closed() const { return closed_; }

  // ---- Signals ----

  Signal<SocketState> state_changed;
  Signal<const absl::Status&> error_occurred;

  // Changes the state, and has state_changed run.
  void SetState(SocketState next);
  // Has bytes_written run.
  void Wrote(size_t size) {
    if (bytes_written.is_set()) Queue({.kind = Event::kWritten, .size = size});
  }
  // Has error_occurred run, and keeps the error.
  void Report(absl::Status status);

  // Whether a datagram waits. Only while there is a socket, as the next two.
  bool HasPending() {
    const Waiting known = socket->known_datagrams();
    return known == Waiting::kUnknown ? socket->HasPending() : known == Waiting::kSomething;
  }
  // Has the engine come back if something waits.
  void RequestReady() {
    if (!IsIdle()) socket->RequestReady();
  }
  // The program has tried to read: ready_read may be told again.
  void ReadTried() {
    told_ = false;
    if (AsksAfterReading()) RequestReady();
  }
  // Whether that has to come after the attempt; within ready_read it may as well come before.
  bool AsksAfterReading() const { return !ready_read.is_running() && ready_read.is_set(); }

  // ---- How much one OnReadyRead hands out ----

  // How many datagrams the program may have now: outside of OnReadyRead more than it can ever read.
  // Only while there is a socket, as the next one.
  uint64_t left() const { return left_ - (socket->given() - given_); }
  // Whether it may have one. Where not, the loop will be back, also one that the callback runs.
  bool MayRead() {
    if (ABSL_PREDICT_TRUE(left() > 0)) return true;
    socket->RequestReady();
    return false;
  }
  // It has got that many of them in a batch,
  void Took(uint64_t datagrams) { left_ -= datagrams; }
  // and so many besides: runs are not cut.
  void TookMore(uint64_t datagrams) { left_ -= std::min(left(), datagrams); }

  // ---- Listening ----

  // The callback is new: what is already there was not told to it.
  void ReadyReadReplaced();
  // There is a callback more, or one less, that the engine has to be listened to for.
  void ListenAsNeeded();
  // While nobody listens: takes what `error` has not been told of yet.
  void CollectErrors();
  // The program may from now on read where this class does not see it.
  void HandleTaken() { handle_taken_ = true; }

 private:
  // Keeps a core that is closed within its scope until the end of that.
  class Running {
   public:
    explicit Running(SocketCore& core) : core_(core) { ++core_.running_; }
    ~Running();
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

   private:
    SocketCore& core_;
  };

  // Runs Flush in the next turn of the loop.
  class Flusher final : public Waiter {
   public:
    explicit Flusher(SocketCore& core) : Waiter(core.engine.loop()), core_(core) {}

   private:
    void Fire() override { core_.Flush(); }

    SocketCore& core_;
  };

  void Queue(Event event);
  void Flush();
  void OnReady() override;
  void ReportAsyncErrors();
  // Returns whether it is to be told again.
  bool TellReadyRead();
  // Whether the engine knows that nothing waits.
  bool IsIdle() const {
    return socket->known_datagrams() == Waiting::kNothing &&
           socket->known_errors() == Waiting::kNothing;
  }
  // How much OnReadyRead may hand out from here on.
  uint64_t Allowance() const { return ready_read_max == 0 ? kNoBound : ready_read_max; }
  void SetLeft(uint64_t datagrams) {
    left_ = datagrams;
    given_ = socket->given();
  }
  // Before the engine socket goes: another one counts anew.
  void CountGiven() {
    if (socket != nullptr) left_ = left();
  }

  std::unique_ptr<Reading> reading_;
  std::shared_ptr<SocketCore> until_then_;  // Itself, if it was closed while `Running`.
  Flusher flush_;
};

}  // namespace pollux::internal

#endif  // POLLUX_UDP_INTERNAL_SOCKET_CORE_H_
