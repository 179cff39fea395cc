// SPDX-License-Identifier: Apache-2.0
//
// Sends a great many datagrams over loopback, by every path, and accounts for each of them: it was
// received once and in order, or the kernel counts it as dropped. Memory and descriptors must not
// grow meanwhile.
//
//   ./bazelw run -c opt //tests/bench:soak -- --datagrams=100000000
//   ./bazelw run --config=asan //tests/bench:soak -- --datagrams=10000000

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "platform/native_engine.h"
#include "udp/socket_error.h"
#include "udp/udp_socket.h"

ABSL_FLAG(int64_t, datagrams, 1'000'000, "how many to send, over all paths");
ABSL_FLAG(int, size, 200, "bytes of each, at least 16");

namespace pollux {
namespace {

constexpr uint64_t kLast = ~uint64_t{0};  // The number of the datagrams that end a path.
constexpr size_t kBatch = 64;
// What the paths without loss have on the way at most: it fits the default receive buffer.
constexpr uint64_t kWindow = 64;
constexpr int64_t kGrowthMax = 64 << 20;

[[noreturn]] void Die(const std::string& what) {
  std::fprintf(stderr, "soak: %s\n", what.c_str());
  std::exit(1);
}

void Check(const absl::Status& status) {
  if (!status.ok()) Die(status.ToString());
}

std::unique_ptr<SocketEngine> NewEngine() {
  absl::StatusOr<std::unique_ptr<SocketEngine>> engine = NewNativeEngine();
  Check(engine.status());
  return *std::move(engine);
}

int64_t ResidentBytes() {
  std::ifstream in("/proc/self/statm");
  int64_t total = 0, resident = 0;
  in >> total >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

int Descriptors() {
  DIR* const folder = opendir("/proc/self/fd");
  if (folder == nullptr) Die("no /proc/self/fd");
  int count = 0;
  while (readdir(folder) != nullptr) ++count;
  closedir(folder);
  return count;
}

// How datagrams are sent and received.
struct Path {
  const char* name;
  bool batches;   // SendBatch, or WriteDatagram.
  bool runs;      // DatagramBatch, or ReceiveBatch or ReadDatagram.
  bool windowed;  // The sender waits for the receiver, so that nothing may be lost.
};

constexpr Path kPaths[] = {
    {"WriteDatagram -> OnReadyRead, ReadDatagram", false, false, false},
    {"SendBatch -> ReceiveBatch", true, false, false},
    {"SendBatch -> ReceiveBatch, windowed", true, false, true},
    {"SendBatch -> DatagramBatch, windowed", true, true, true},
};

// The receiving end, in a thread of its own.
class Receiver {
 public:
  explicit Receiver(const Path& path) : path_(path) {
    Check(socket_.Bind(IpAddress::LoopbackIpv4(), 0));
    Check(socket_.RequestMetadata(Metadata::kDropCount));
    for (size_t i = 0; i < kBatch; ++i) {
      slots_[i].buffer = absl::MakeSpan(memory_).subspan(i * kRoom, kRoom);
    }
    if (path.runs) Check(socket_.ReceiveBatch(batch_).status());
  }
  Endpoint endpoint() const { return socket_.local_endpoint(); }
  void Run() {
    socket_.OnReadyRead([this] { Read(); });
    engine_->loop().RunUntil([this] { return ended_; }, absl::InfiniteDuration());
  }

  // Numbers received so far: read by the sender.
  std::atomic<uint64_t> received{0};
  // What the kernel had dropped when a last one came, and how many last ones are among that.
  uint64_t dropped() const { return dropped_; }
  uint64_t lasts_missed() const { return lasts_missed_; }

 private:
  static constexpr size_t kRoom = 2048;

  void Read() {
    if (path_.runs) {
      while (*socket_.ReceiveBatch(batch_) > 0) {
        for (const DatagramView& datagram : batch_) Take(datagram.payload, datagram.info);
      }
    } else if (path_.batches) {
      while (const size_t count = *socket_.ReceiveBatch(absl::MakeSpan(slots_))) {
        for (size_t i = 0; i < count; ++i) Take(slots_[i].payload(), slots_[i].info);
      }
    } else {
      DatagramInfo info;
      char buffer[kRoom];
      while (true) {
        const absl::StatusOr<size_t> size = socket_.ReadDatagram(absl::MakeSpan(buffer), &info);
        if (!size.ok()) return;
        Take({buffer, *size}, info);
      }
    }
  }
  void Take(absl::string_view payload, const DatagramInfo& info) {
    uint64_t number = 0;
    if (info.truncated || payload.size() < sizeof(number)) Die("a datagram came cut");
    std::memcpy(&number, payload.data(), sizeof(number));
    if (number == kLast) {
      if (std::exchange(ended_, true)) return;
      dropped_ = info.drop_count.value_or(0);
      std::memcpy(&lasts_missed_, payload.data() + sizeof(number), sizeof(lasts_missed_));
      return;
    }
    if (ended_) Die("a datagram came after the last");
    if (number < next_) Die("a datagram came twice, or out of order");
    if (payload.back() != static_cast<char>(number)) Die("a datagram came damaged");
    next_ = number + 1;
    received.store(received.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  }

  const Path path_;
  const std::unique_ptr<SocketEngine> engine_ = NewEngine();
  UdpSocket socket_{*engine_};
  DatagramBatch batch_;
  std::string memory_ = std::string(kBatch * kRoom, '\0');
  std::array<ReceiveSlot, kBatch> slots_;
  uint64_t next_ = 0;
  uint64_t dropped_ = 0;
  uint64_t lasts_missed_ = 0;
  bool ended_ = false;
};

// Sends the numbers from 0 to `count`.
void SendAll(const Path& path, uint64_t count, size_t size, const Receiver& receiver) {
  const std::unique_ptr<SocketEngine> engine = NewEngine();
  UdpSocket socket(*engine);
  std::string memory(kBatch * size, 'x');
  std::vector<SendSlot> slots(kBatch);
  for (size_t i = 0; i < kBatch; ++i) {
    slots[i].payload = absl::string_view(memory).substr(i * size, size);
    slots[i].destination = receiver.endpoint();
  }
  uint64_t sent = 0;
  while (sent < count) {
    const size_t batch = std::min<uint64_t>(path.batches ? kBatch : 1, count - sent);
    while (path.windowed &&
           sent + batch > receiver.received.load(std::memory_order_acquire) + kWindow) {
      std::this_thread::yield();
    }
    for (size_t i = 0; i < batch; ++i) {
      const uint64_t number = sent + i;
      std::memcpy(&memory[i * size], &number, sizeof(number));
      memory[i * size + size - 1] = static_cast<char>(number);
    }
    if (!path.batches) {
      const absl::Status status = socket.WriteDatagram(slots[0].payload, receiver.endpoint());
      // A full send buffer is no failure: it is tried again.
      if (SocketErrorOf(status) != SocketError::kTemporary) Check(status);
      sent += status.ok();
      continue;
    }
    const absl::StatusOr<size_t> taken = socket.SendBatch(absl::MakeSpan(slots).first(batch));
    Check(taken.status());
    sent += *taken;
  }
}

// Returns whether every datagram was accounted for.
bool Soak(const Path& path, uint64_t count, size_t size) {
  Receiver receiver(path);
  std::atomic<bool> done = false;
  std::thread thread([&] {
    receiver.Run();
    done = true;
  });
  SendAll(path, count, size, receiver);
  // The last one tells how many were dropped before it. The buffer may be full right now.
  const std::unique_ptr<SocketEngine> engine = NewEngine();
  UdpSocket socket(*engine);
  uint64_t lasts = 0;
  while (!done) {
    const uint64_t payload[2] = {kLast, lasts};
    Check(socket.WriteDatagram({reinterpret_cast<const char*>(payload), sizeof(payload)},
                               receiver.endpoint()));
    ++lasts;
    for (int i = 0; i < 1000 && !done; ++i) std::this_thread::yield();
  }
  thread.join();
  const uint64_t received = receiver.received;
  const uint64_t missing = count - received;
  const bool counted = receiver.dropped() == missing + receiver.lasts_missed();
  const bool complete = !path.windowed || missing == 0;
  std::printf("%-45s %12llu sent = %12llu received + %10llu dropped%s\n", path.name,
              static_cast<unsigned long long>(count), static_cast<unsigned long long>(received),
              static_cast<unsigned long long>(missing),
              !counted    ? ": NOT WHAT THE KERNEL COUNTS"
              : !complete ? ": LOST"
                          : "");
  std::fflush(stdout);
  return counted && complete;
}

int Main() {
  const int64_t total = absl::GetFlag(FLAGS_datagrams);
  const int size = absl::GetFlag(FLAGS_size);
  if (total < 1000) Die("--datagrams has to be at least 1000");
  if (size < 16 || size > 1472) Die("--size has to be from 16 to 1472");
  bool good = true;
  // What is allocated once is allocated now.
  for (const Path& path : kPaths) good &= Soak(path, 1000, static_cast<size_t>(size));
  const int64_t resident = ResidentBytes();
  const int descriptors = Descriptors();
  const auto share = static_cast<uint64_t>(total) / std::size(kPaths);
  for (const Path& path : kPaths) good &= Soak(path, share, static_cast<size_t>(size));
  const int64_t growth = ResidentBytes() - resident;
  std::printf("memory grew by %lld KiB, descriptors by %d\n", static_cast<long long>(growth >> 10),
              Descriptors() - descriptors);
  if (growth > kGrowthMax || Descriptors() != descriptors) good = false;
  std::printf("%s\n", good ? "every datagram is accounted for" : "FAILED");
  return good ? 0 : 1;
}

}  // namespace
}  // namespace pollux

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage("Sends datagrams by every path and accounts for each.");
  absl::ParseCommandLine(argc, argv);
  return pollux::Main();
}
