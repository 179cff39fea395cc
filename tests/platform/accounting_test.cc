// SPDX-License-Identifier: Apache-2.0
//
// System calls that fail at random, in every way that the kernel knows, under programs that send
// and read in every way: what a send said was sent arrives once and in order, what it did not say
// does not arrive, and no program is left waiting.

#include <netinet/udp.h>

#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "platform/posix/posix_engine.h"
#include "tests/platform/engine_test.h"
#include "udp/datagram_batch.h"
#include "udp/udp_socket.h"

namespace pollux::linux_engine {
namespace {

using ::testing::Combine;
using ::testing::Range;
using ::testing::Values;

// The real calls, of which some fail, and some batches end early, once there is bad luck.
class UnluckyCalls final : public FaultyCalls {
 public:
  explicit UnluckyCalls(unsigned seed) : random_(seed) {}

  void SetBadLuck(bool bad_luck) { bad_luck_ = bad_luck; }
  // From now on runs are refused, by a device or a kernel, with that error.
  void RefuseRuns(int error) { refusal_ = error; }

  ssize_t SendTo(int fd, const void* data, size_t size, int flags, const sockaddr* to,
                 socklen_t length) override {
    if (const int error = SendError(); error != 0) return -error;
    return FaultyCalls::SendTo(fd, data, size, flags, to, length);
  }
  ssize_t SendMsg(int fd, const msghdr* message, int flags) override {
    if (refusal_ != 0 && IsRun(*message)) return -refusal_;
    if (const int error = SendError(); error != 0) return -error;
    return FaultyCalls::SendMsg(fd, message, flags);
  }
  int SendMMsg(int fd, mmsghdr* messages, unsigned count, int flags) override {
    if (const int error = SendError(); error != 0) return -error;
    // What makes the kernel stop in the middle it does not tell.
    unsigned most = Lucky(4) ? 1 + random_() % count : count;
    for (unsigned i = 0; i < most && refusal_ != 0; ++i) {
      if (IsRun(messages[i].msg_hdr)) most = i;
    }
    return most == 0 ? -refusal_ : FaultyCalls::SendMMsg(fd, messages, most, flags);
  }
  ssize_t RecvFrom(int fd, void* data, size_t size, int flags, sockaddr* from,
                   socklen_t* length) override {
    if (const int error = ReceiveError(); error != 0) return -error;
    return FaultyCalls::RecvFrom(fd, data, size, flags, from, length);
  }
  ssize_t RecvMsg(int fd, msghdr* message, int flags) override {
    if (const int error = ReceiveError(); error != 0) return -error;
    return FaultyCalls::RecvMsg(fd, message, flags);
  }
  int RecvMMsg(int fd, mmsghdr* messages, unsigned count, int flags) override {
    if (const int error = ReceiveError(); error != 0) return -error;
    return FaultyCalls::RecvMMsg(fd, messages, count, flags);
  }
  int EpollCtl(int epoll, int operation, int fd, epoll_event* event) override {
    if (operation == EPOLL_CTL_MOD && Lucky(4)) return -ENOMEM;
    return FaultyCalls::EpollCtl(epoll, operation, fd, event);
  }
  int EpollPwait2(int epoll, epoll_event* events, int max, const timespec* timeout) override {
    if (Lucky(8)) return -EINTR;
    return FaultyCalls::EpollPwait2(epoll, events, max, timeout);
  }
  int Poll(pollfd* entries, size_t count, int milliseconds) override {
    if (Lucky(8)) return -EINTR;
    return FaultyCalls::Poll(entries, count, milliseconds);
  }
  int PPoll(pollfd* entries, size_t count, const timespec* timeout) override {
    if (Lucky(8)) return -EINTR;
    return FaultyCalls::PPoll(entries, count, timeout);
  }

 private:
  static bool IsRun(const msghdr& message) {
    msghdr copy = message;
    for (cmsghdr* header = CMSG_FIRSTHDR(&copy); header != nullptr;
         header = CMSG_NXTHDR(&copy, header)) {
      if (header->cmsg_level == SOL_UDP && header->cmsg_type == UDP_SEGMENT) return true;
    }
    return false;
  }
  bool Lucky(unsigned one_of) { return bad_luck_ && random_() % one_of == 0; }
  int SendError() {
    constexpr int kErrors[] = {EINTR,        EAGAIN,       ENOBUFS,  ENOMEM, EPERM,
                               ENETUNREACH,  EIO,          EMSGSIZE, EINVAL, EOPNOTSUPP,
                               ECONNREFUSED, EHOSTUNREACH, ENETDOWN};
    return Lucky(5) ? kErrors[random_() % std::size(kErrors)] : 0;
  }
  // Not EAGAIN, by which the kernel says that it will tell of the next datagram.
  int ReceiveError() {
    constexpr int kErrors[] = {EINTR, ENOBUFS, ENOMEM, ECONNREFUSED, EHOSTUNREACH, EMSGSIZE};
    return Lucky(5) ? kErrors[random_() % std::size(kErrors)] : 0;
  }

  std::mt19937 random_;
  bool bad_luck_ = false;
  int refusal_ = 0;
};

enum class Reading { kUntilEmpty, kWhilePending, kOnePerCallback, kSlots, kRuns, kMixed };
constexpr const char* kReadings[] = {"UntilEmpty", "WhilePending", "OnePerCallback",
                                     "Slots",      "Runs",         "Mixed"};
enum class Kind { kPlain, kSpinning, kHosted, kManySockets, kPoll };
constexpr const char* kKinds[] = {"Plain", "Spinning", "Hosted", "ManySockets", "Poll"};

class AccountingTest : public ::testing::TestWithParam<std::tuple<Kind, Reading, AddressFamily>> {
 protected:
  static constexpr size_t kRounds = 60;

  AccountingTest() {
    for (UdpSocket& socket : others_) {
      if (kind_ != Kind::kManySockets) break;
      EXPECT_THAT(socket.Bind(IpAddress::LoopbackIpv4(), 0), IsOk());
      socket.OnReadyRead([] {});
    }
    if (kind_ == Kind::kHosted) {
      EXPECT_TRUE(engine_->loop().native_handle().has_value());
    }
    const IpAddress any = family_ == AddressFamily::kIpv4   ? IpAddress::AnyIpv4()
                          : family_ == AddressFamily::kIpv6 ? IpAddress::AnyIpv6()
                                                            : IpAddress::Any();
    EXPECT_THAT(receiver_.SetOption(SocketOption::kReceiveBufferSize, 4 << 20), IsOk());
    EXPECT_THAT(receiver_.Bind(any, 0), IsOk());
    EXPECT_THAT(receiver_.RequestMetadata(Metadata::kDropCount), IsOk());
    receiver_.OnReadyRead([this] { Read(); });
    for (UdpSocket* sender : {&sender_, &connected_}) EXPECT_THAT(sender->Bind(any, 0), IsOk());
    EXPECT_THAT(connected_.ConnectToHost(Here().address, Here().port), IsOk());
  }

  std::unique_ptr<SocketEngine> NewEngine() const {
    if (kind_ == Kind::kPoll) return *posix::PosixEngine::CreateOnPoll(calls_);
    const bool spins = kind_ == Kind::kSpinning;
    return *EpollEngine::Create(calls_, spins ? absl::Microseconds(50) : absl::ZeroDuration());
  }
  // Of a dual-stack socket by turns the one family and the other.
  Endpoint Here() {
    const bool six =
        family_ == AddressFamily::kIpv6 || (family_ == AddressFamily::kDual && random_() % 2 == 0);
    return {six ? IpAddress::LoopbackIpv6() : IpAddress::LoopbackIpv4(),
            receiver_.local_endpoint().port};
  }

  void Read() {
    const Reading mixed = static_cast<Reading>(random_() % 5);
    switch (reading_ == Reading::kMixed ? mixed : reading_) {
      case Reading::kUntilEmpty:
        return ReadUntilEmpty();
      case Reading::kWhilePending:
        while (receiver_.HasPendingDatagrams() && ReadOne()) {
        }
        return;
      case Reading::kSlots:
        return ReadSlots();
      case Reading::kRuns:
        if (!receiver_.ReceiveBatch(batch_).ok()) return;
        for (const DatagramView& datagram : batch_) Take(datagram.payload);
        return;
      default:
        ReadOne();
    }
  }
  void ReadUntilEmpty() {
    while (ReadOne()) {
    }
  }
  bool ReadOne() {
    const absl::StatusOr<Datagram> datagram = receiver_.ReceiveDatagram();
    if (datagram.ok()) Take(datagram->payload);
    return datagram.ok();
  }
  void ReadSlots() {
    std::vector<ReceiveSlot> slots(1 + random_() % 150);
    for (size_t i = 0; i < slots.size(); ++i) {
      slots[i].buffer = absl::MakeSpan(memory_).subspan(i * kRoom, kRoom);
    }
    const absl::StatusOr<size_t> count = receiver_.ReceiveBatch(absl::MakeSpan(slots));
    for (size_t i = 0; i < count.value_or(0); ++i) Take(slots[i].payload());
  }
  void Take(absl::string_view payload) { received_.emplace_back(payload); }

  // A row of payloads: equal ones, shorter ones, empty ones, no two alike in content.
  std::vector<std::string> Payloads() {
    std::vector<std::string> payloads(random_() % 200);
    size_t size = 8;
    for (std::string& payload : payloads) {
      if (random_() % 8 == 0) size = random_() % 4 == 0 ? 0 : 8 + random_() % 1000;
      payload = absl::StrCat(number_++, " ");
      payload.resize(size, 'x');
    }
    return payloads;
  }

  // Sends some, and notes what was said to have been sent.
  void SendBatch(UdpSocket& socket) {
    const std::vector<std::string> payloads = Payloads();
    const Endpoint to = &socket == &connected_ ? Endpoint() : Here();
    const bool by_turns = random_() % 3 == 0;
    std::vector<SendSlot> slots;
    for (const std::string& payload : payloads) {
      slots.push_back({.payload = payload, .destination = to});
      if (by_turns && to.is_set()) slots.back().destination = Here();
      if (random_() % 40 == 0) slots.back().options.hop_limit = 9;
    }
    const absl::StatusOr<size_t> sent = socket.SendBatch(slots);
    ASSERT_LE(sent.value_or(0), payloads.size());
    for (size_t i = 0; i < sent.value_or(0); ++i) sent_.push_back(payloads[i]);
  }
  void SendOne(UdpSocket& socket) {
    const std::string payload = absl::StrCat(number_++);
    const Endpoint to = &socket == &connected_ ? Endpoint() : Here();
    const SendOptions options = random_() % 2 == 0 ? SendOptions{.hop_limit = 9} : SendOptions();
    if (socket.WriteDatagram(payload, to, options).ok()) sent_.push_back(payload);
  }
  void SendSomething() {
    UdpSocket& socket = random_() % 3 == 0 ? connected_ : sender_;
    random_() % 3 == 0 ? SendOne(socket) : SendBatch(socket);
  }

  const Kind kind_ = std::get<0>(GetParam());
  const Reading reading_ = std::get<1>(GetParam());
  const AddressFamily family_ = std::get<2>(GetParam());
  std::mt19937 random_{1};
  const std::shared_ptr<UnluckyCalls> calls_ = std::make_shared<UnluckyCalls>(2);
  const std::unique_ptr<SocketEngine> engine_ = NewEngine();
  UdpSocket others_[3] = {UdpSocket(*engine_), UdpSocket(*engine_), UdpSocket(*engine_)};
  UdpSocket receiver_{*engine_};
  UdpSocket sender_{*engine_};
  UdpSocket connected_{*engine_};

  static constexpr size_t kRoom = 1024;
  std::string memory_ = std::string(150 * kRoom, '\0');
  DatagramBatch batch_{8};
  size_t number_ = 0;
  std::vector<std::string> sent_;
  std::vector<std::string> received_;
};

INSTANTIATE_TEST_SUITE_P(
    Programs, AccountingTest,
    Combine(Values(Kind::kPlain, Kind::kSpinning, Kind::kHosted, Kind::kManySockets, Kind::kPoll),
            Values(Reading::kUntilEmpty, Reading::kWhilePending, Reading::kOnePerCallback,
                   Reading::kSlots, Reading::kRuns, Reading::kMixed),
            Values(AddressFamily::kIpv4, AddressFamily::kIpv6, AddressFamily::kDual)),
    [](const auto& test) {
      return absl::StrCat(kKinds[static_cast<size_t>(std::get<0>(test.param))],
                          kReadings[static_cast<size_t>(std::get<1>(test.param))],
                          ToString(std::get<2>(test.param)));
    });

TEST_P(AccountingTest, WhateverTheCallsDoEachArrivesOnceAndInOrder) {
  for (size_t round = 0; round < kRounds; ++round) {
    calls_->SetBadLuck(random_() % 4 != 0);
    const int refusals[] = {0, 0, EIO, EINVAL, EOPNOTSUPP, EMSGSIZE};
    calls_->RefuseRuns(refusals[random_() % std::size(refusals)]);
    SendSomething();
    if (random_() % 2 == 0) engine_->loop().RunFor(absl::ZeroDuration());
    SendSomething();
    engine_->loop().RunUntil([&] { return received_.size() >= sent_.size(); }, absl::Seconds(20));
    ASSERT_EQ(received_.size(), sent_.size()) << "round " << round;
    for (size_t i = 0; i < sent_.size(); ++i) {
      ASSERT_EQ(received_[i], sent_[i]) << i << " of round " << round;
    }
    sent_.clear();
    received_.clear();
  }
}

}  // namespace
}  // namespace pollux::linux_engine
