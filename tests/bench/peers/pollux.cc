// SPDX-License-Identifier: Apache-2.0
//
// Pollux, by each of its public paths.

#include <algorithm>

#include "platform/native_engine.h"
#include "tests/bench/peers/peer.h"
#include "udp/udp_socket.h"

namespace pollux::bench {
namespace {

constexpr size_t kBatch = 64;

std::unique_ptr<SocketEngine> NewEngine(const NativeEngineOptions& options = {}) {
  absl::StatusOr<std::unique_ptr<SocketEngine>> engine = NewNativeEngine(options);
  if (!engine.ok()) Die(engine.status().ToString());
  return *std::move(engine);
}

void Check(const absl::Status& status) {
  if (!status.ok()) Die(status.ToString());
}

class OneByOne : public Sender {
 public:
  explicit OneByOne(bool listening) {
    Check(socket_.Bind(IpAddress::AnyIpv4(), 0));
    if (listening) socket_.OnReadyRead([] {});
  }
  void Aim(uint16_t port, size_t size) override {
    to_ = Endpoint(IpAddress::LoopbackIpv4(), port);
    payload_.assign(size, 'x');
  }
  void Send(size_t datagrams) override {
    for (size_t i = 0; i < datagrams; ++i) {
      if (absl::Status s = socket_.WriteDatagram(payload_, to_); !s.ok()) return;
    }
  }

 protected:
  const std::unique_ptr<SocketEngine> engine_ = NewEngine();
  UdpSocket socket_{*engine_};
  Endpoint to_;
  std::string payload_;
};

class Batches final : public OneByOne {
 public:
  // To one peer, which makes runs of it, or to two by turns, which does not.
  Batches(size_t batch, bool runs) : OneByOne(false), runs_(runs), slots_(batch) {}
  void Aim(uint16_t port, size_t size) override {
    payload_.assign(size * slots_.size(), 'x');
    for (size_t i = 0; i < slots_.size(); ++i) {
      const uint8_t host = runs_ || i % 2 == 0 ? 1 : 2;
      slots_[i].payload = absl::string_view(payload_).substr(i * size, size);
      slots_[i].destination = Endpoint(IpAddress::Ipv4(127, 0, 0, host), port);
    }
  }
  void Send(size_t datagrams) override {
    while (datagrams > 0) {
      const size_t count = std::min(datagrams, slots_.size());
      const absl::StatusOr<size_t> sent = socket_.SendBatch(absl::MakeSpan(slots_).first(count));
      if (!sent.ok() || *sent == 0) return;
      datagrams -= *sent;
    }
  }

 private:
  const bool runs_;
  std::vector<SendSlot> slots_;
};

class PolluxReceiver : public Receiver {
 public:
  PolluxReceiver() {
    Check(socket_.SetOption(SocketOption::kReceiveBufferSize, 8 << 20));
    Check(socket_.Bind(IpAddress::AnyIpv4(), 0));
  }
  uint16_t port() override { return socket_.local_endpoint().port; }

 protected:
  // From within OnReadyRead, or wherever a datagram has come.
  virtual void OnReady() = 0;
  void Run() override {
    if (!set_) socket_.OnReadyRead([this] { OnReady(); });
    set_ = true;
    engine_->loop().RunUntil([this] { return Done(); }, absl::InfiniteDuration());
  }

  const std::unique_ptr<SocketEngine> engine_ = NewEngine();
  UdpSocket socket_{*engine_};
  DatagramInfo info_;

 private:
  bool set_ = false;
};

// From the socket, without a loop, as long as there is something.
class Direct : public PolluxReceiver {
 protected:
  void OnReady() override { Die("nobody listens"); }
  void Run() override {
    while (!Done()) {
      if (Read()) continue;
      engine_->loop().RunFor(absl::ZeroDuration());
    }
  }
  // False where there was nothing.
  virtual bool Read() = 0;
};

// ReadDatagram, and nothing else.
class Plain final : public PolluxReceiver {
  void OnReady() override { Die("nobody listens"); }
  void Run() override {
    while (!Done()) {
      const absl::StatusOr<size_t> size = socket_.ReadDatagram(absl::MakeSpan(buffer_), &info_);
      if (size.ok()) Count(*size);
    }
  }
};

class UntilEmpty final : public PolluxReceiver {
  void OnReady() override {
    while (true) {
      const absl::StatusOr<size_t> size = socket_.ReadDatagram(absl::MakeSpan(buffer_), &info_);
      if (!size.ok()) return;
      Count(*size);
    }
  }
};

class WhilePending final : public PolluxReceiver {
  void OnReady() override {
    while (socket_.HasPendingDatagrams()) {
      const absl::StatusOr<size_t> size = socket_.ReadDatagram(absl::MakeSpan(buffer_), &info_);
      if (size.ok()) Count(*size);
    }
  }
};

// By ReceiveBatch, with or without OnReadyRead.
class Slots final : public Direct {
 public:
  Slots(Metadata metadata, bool listening) : listening_(listening), memory_(kBatch * kRoom, 0) {
    Check(socket_.RequestMetadata(metadata));
    for (size_t i = 0; i < kBatch; ++i) {
      slots_[i].buffer = absl::MakeSpan(memory_).subspan(i * kRoom, kRoom);
    }
  }

 private:
  static constexpr size_t kRoom = 8192 + 64;

  bool Read() override {
    const absl::StatusOr<size_t> count = socket_.ReceiveBatch(absl::MakeSpan(slots_));
    if (!count.ok()) Die(count.status().ToString());
    for (size_t i = 0; i < *count; ++i) Count(slots_[i].size);
    return *count > 0;
  }
  void OnReady() override {
    while (Read()) {
    }
  }
  void Run() override { listening_ ? PolluxReceiver::Run() : Direct::Run(); }

  const bool listening_;
  std::string memory_;
  std::array<ReceiveSlot, kBatch> slots_;
};

class Runs final : public Direct {
 public:
  explicit Runs(bool listening) : listening_(listening) {}

 private:
  bool Read() override {
    const absl::StatusOr<size_t> count = socket_.ReceiveBatch(batch_);
    if (!count.ok()) Die(count.status().ToString());
    for (const DatagramView& datagram : batch_) Count(datagram.payload.size());
    return *count > 0;
  }
  void OnReady() override {
    while (Read()) {
    }
  }
  void Run() override { listening_ ? PolluxReceiver::Run() : Direct::Run(); }

  const bool listening_;
  DatagramBatch batch_;
};

class PolluxPingPong final : public PingPong {
 public:
  explicit PolluxPingPong(absl::Duration spin) : engine_(NewEngine({.spin = spin})) {
    Check(socket_.Bind(IpAddress::AnyIpv4(), 0));
  }
  uint16_t port() override { return socket_.local_endpoint().port; }
  void Aim(uint16_t port) override {
    to_ = Endpoint(IpAddress::LoopbackIpv4(), port);
    socket_.OnReadyRead([this] {
      if (socket_.ReadDatagram(absl::MakeSpan(buffer_)).ok()) answered_ = true;
    });
  }
  void RoundTrip() override {
    answered_ = false;
    Check(socket_.WriteDatagram({buffer_.data(), kSize}, to_));
    engine_->loop().RunUntil([this] { return answered_; }, absl::InfiniteDuration());
  }
  void Serve() override {
    socket_.OnReadyRead([this] {
      DatagramInfo info;
      const absl::StatusOr<size_t> size = socket_.ReadDatagram(absl::MakeSpan(buffer_), &info);
      if (!size.ok()) return;
      if (*size == 1) return engine_->loop().Stop();
      Check(socket_.WriteDatagram({buffer_.data(), *size}, info.source));
    });
    engine_->loop().Run();
  }

 private:
  const std::unique_ptr<SocketEngine> engine_;
  UdpSocket socket_{*engine_};
  Endpoint to_;
  bool answered_ = false;
};

constexpr Metadata kMetadata = Metadata::kDestination | Metadata::kEcn | Metadata::kDropCount;

}  // namespace

void AddPollux(Catalogue& c) {
  c.senders.push_back(
      {"pollux", "WriteDatagram", [] { return std::make_unique<OneByOne>(false); }});
  c.senders.push_back(
      {"pollux", "WriteDatagram, listening", [] { return std::make_unique<OneByOne>(true); }});
  c.senders.push_back(
      {"pollux", "SendBatch to two", [] { return std::make_unique<Batches>(kBatch, false); }});
  c.senders.push_back(
      {"pollux", "SendBatch to one", [] { return std::make_unique<Batches>(256, true); }});
  c.receivers.push_back({"pollux", "ReadDatagram", [] { return std::make_unique<Plain>(); }});
  c.receivers.push_back(
      {"pollux", "OnReadyRead, until empty", [] { return std::make_unique<UntilEmpty>(); }});
  c.receivers.push_back(
      {"pollux", "OnReadyRead, while pending", [] { return std::make_unique<WhilePending>(); }});
  const auto add = [&c](const char* name, auto make, bool runs) {
    c.receivers.push_back({"pollux", name, make, runs});
  };
  add(
      "ReceiveBatch", [] { return std::make_unique<Slots>(Metadata::kNone, false); }, false);
  add(
      "ReceiveBatch, metadata", [] { return std::make_unique<Slots>(kMetadata, false); }, false);
  add(
      "OnReadyRead, ReceiveBatch", [] { return std::make_unique<Slots>(Metadata::kNone, true); },
      false);
  add(
      "DatagramBatch", [] { return std::make_unique<Runs>(false); }, true);
  add(
      "OnReadyRead, DatagramBatch", [] { return std::make_unique<Runs>(true); }, true);
  c.ping_pongs.push_back({"pollux", "OnReadyRead",
                          [] { return std::make_unique<PolluxPingPong>(absl::ZeroDuration()); }});
  c.ping_pongs.push_back({"pollux", "spin",
                          [] { return std::make_unique<PolluxPingPong>(absl::Milliseconds(1)); },
                          false, true});
}

}  // namespace pollux::bench
